/** Parameters' values as mergekit evaluates them: scalars, gradients over layers, and cases by tensor name. */
import { FrankensteinError } from '../errors.js';
import type { MethodParameter } from '../tensors/methods/method.js';
import type { Parameter, Scalar, Setting } from './recipe/ast.js';

export type ParameterValue = number | boolean;

const TRUE = /^(?:true|yes|on|y|t|1)$/i;
const FALSE = /^(?:false|no|off|n|f|0)$/i;

/**
 * `value` as the parameter's type; undefined when it is none. YAML readers disagree on `1e-3` and `yes`: both count.
 */
export function convert(value: Scalar, { type }: Pick<MethodParameter, 'type'>): ParameterValue | undefined {
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    return TRUE.test(String(value)) ? true : FALSE.test(String(value)) ? false : undefined;
  }
  const number = typeof value === 'string' ? (value.trim() === '' ? NaN : Number(value)) : Number(value);
  return Number.isFinite(number) && (type !== 'integer' || Number.isInteger(number)) ? number : undefined;
}

/** Why the parameter cannot have this value, as the end of a sentence; undefined when it can. */
export function refusal(value: Scalar, parameter: MethodParameter): string | undefined {
  const { name, type, min, max } = parameter;
  const converted = convert(value, parameter);
  if (converted === undefined)
    return (
      `${name} is ${type === 'boolean' ? 'true or false' : type === 'integer' ? 'a whole number' : 'a number'}, ` +
      `not "${String(value).slice(0, 40)}"`
    );
  if (
    typeof converted === 'number' &&
    ((min !== undefined && converted < min) || (max !== undefined && converted > max))
  ) {
    const range =
      min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
    return `${name} is ${range}, not ${converted}`;
  }
  return undefined;
}

/**
 * The value for a tensor.
 * @param names spellings of the tensor's name; a filter fits when one of them holds it.
 * @param t place in the slice, 0 to 1.
 * @returns undefined when no case fits, or the list is empty.
 */
export function evaluateSetting(
  setting: Setting,
  parameter: MethodParameter,
  names: readonly string[],
  t: number,
): ParameterValue | undefined {
  switch (setting.kind) {
    case 'scalar':
      return checked(setting.value, parameter);
    case 'gradient': {
      const values = setting.values.map(({ value }) => checked(value, parameter));
      const last = values.length - 1;
      if (last < 0) return undefined;
      const at = t * last;
      const before = Math.floor(at);
      const [left, right] = [values[before]!, values[Math.min(last, before + 1)]!];
      // Truth has nothing between its values.
      if (typeof left === 'boolean' || typeof right === 'boolean') return left;
      return checked((1 - (at - before)) * left + (at - before) * right, parameter);
    }
    case 'conditional': {
      const found = setting.cases.find(({ filter }) => fits(filter?.value, names));
      return found && evaluateSetting(found.setting, parameter, names, t);
    }
  }
}

/** Whether a filter fits a tensor of these names. */
export function fits(filter: string | undefined, names: readonly string[]): boolean {
  return filter === undefined || filter === '*' || names.some((name) => name.includes(filter));
}

function checked(value: Scalar, parameter: MethodParameter): ParameterValue {
  const why = refusal(value, parameter);
  if (why !== undefined)
    throw new FrankensteinError('bad-request', `The recipe gives a parameter a value that it cannot have: ${why}.`);
  return convert(value, parameter)!;
}

/**
 * The value from the first level, most specific first, that gives one; else the default. Undefined when there is none
 * though the method needs it.
 */
export function resolveParameter(
  parameter: MethodParameter,
  levels: readonly (readonly Parameter[])[],
  names: readonly string[],
  t: number,
): ParameterValue | null | undefined {
  for (const level of levels) {
    const given = level.find(({ name }) => name.value === parameter.name);
    const value = given && evaluateSetting(given.setting, parameter, names, t);
    if (value !== undefined) return value;
  }
  return parameter.default;
}
