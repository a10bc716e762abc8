/** Values of a tensor that a stack gives: its method's parameters, resolved for this tensor. */
import type { Tensor } from '../../checkpoint/checkpoint.js';
import { isFloat } from '../../checkpoint/encode.js';
import type { Parameters } from '../../tensors/arithmetic/task.js';
import { METHODS } from '../../tensors/methods/list.js';
import type { MethodParameter } from '../../tensors/methods/method.js';
import type { Parameter } from '../recipe/ast.js';
import type { Span } from '../recipe/problem.js';
import { resolveParameter } from '../settings.js';
import type { Binding, Trouble } from './layout.js';
import { spellings } from './names.js';
import type { Stack } from './stack.js';

interface StackSlot {
  /** Canonical name in the result. */
  name: string;
  stack: Stack;
  /** Per source; undefined: it has none. */
  inputs: readonly (Tensor | undefined)[];
  /** In the slice, 0 to 1: where gradients are evaluated. */
  position: number;
}

type ReportTrouble = (trouble: Trouble) => void;

export function bindStack({ name, stack, inputs: found, position }: StackSlot, trouble: ReportTrouble) {
  const { sources, levels } = stack;
  const method = METHODS[stack.method];
  const inputs: Tensor[] = [];
  found.forEach((tensor, index) => {
    const { source, reference } = sources[index]!;
    if (tensor !== undefined) inputs.push(tensor);
    else
      trouble({
        code: 'tensor-missing',
        span: reference,
        name,
        say: (names) => `${source.label} lacks tensors that the other models have: ${names}.`,
      });
  });
  if (inputs.length < found.length) return undefined;
  const base = method.base === 'ignored' ? -1 : sources.findIndex(({ source }) => source === stack.base);
  const valuesOf = (
    wanted: readonly MethodParameter[],
    own: readonly (readonly Parameter[])[],
    names: readonly string[],
    span: Span,
  ) => resolveAll({ wanted, levels: [...own, ...levels], names, position, span, tensor: name }, trouble);
  // Filters see the name of the result for shared parameters, and each model's own for its own.
  const shared = valuesOf(
    method.parameters.filter(({ scope }) => scope === 'shared'),
    [],
    spellings(inputs[0]!, name),
    stack.span,
  );
  const perModel = sources.map(({ reference, parameters }, index) => {
    const wanted = method.parameters.filter(({ scope }) => scope === 'model' || (scope === 'other' && index !== base));
    return valuesOf(wanted, [parameters], spellings(inputs[index]!), reference);
  });
  const models = perModel.filter((values) => values !== undefined);
  if (shared === undefined || models.length < sources.length) return undefined;
  models.forEach((values, index) => {
    const refusal = method.refusal?.(values);
    if (refusal !== undefined)
      trouble({
        code: 'bad-value',
        span: sources[index]!.reference,
        name,
        say: (names) => `${refusal}: ${names}.`,
      });
  });
  const { reference } = sources.at(-1)!;
  // Buffers of integers come from the base, or from the first model.
  if (!isFloat(inputs[0]!.dtype)) return { tensor: inputs[Math.max(0, base)]!, reference } satisfies Binding;
  if (method.copies?.(models) === true) return { tensor: inputs[0]!, reference } satisfies Binding;
  return {
    method: method.name,
    inputs,
    base: base < 0 ? undefined : base,
    models,
    shared,
    reference,
  } satisfies Binding;
}

interface Wanted {
  wanted: readonly MethodParameter[];
  levels: readonly (readonly Parameter[])[];
  names: readonly string[];
  position: number;
  span: Span;
  tensor: string;
}

/** Undefined when one has no value, which is reported. */
function resolveAll(
  { wanted, levels, names, position, span, tensor }: Wanted,
  trouble: ReportTrouble,
): Parameters | undefined {
  const values: Record<string, number | boolean | null> = {};
  for (const parameter of wanted) {
    const value = resolveParameter(parameter, levels, names, position);
    if (value === undefined) {
      trouble({
        code: 'missing-parameter',
        span,
        name: tensor,
        say: (list) => `No value of ${parameter.name} fits these tensors: ${list}. Add a case without a filter.`,
      });
      return undefined;
    }
    values[parameter.name] = value;
  }
  return values;
}
