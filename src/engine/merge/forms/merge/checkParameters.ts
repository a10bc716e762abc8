/** Whether a method has the parameters that it is given, there and with those values. */
import type { MergeMethod } from '../../../tensors/methods/method.js';
import type { Parameter, Scalar, Setting } from '../../recipe/ast.js';
import { spanOf } from '../../recipe/nodes.js';
import { type Located, nearest, type Report } from '../../recipe/problem.js';
import { refusal } from '../../settings.js';

/** @param where what is beneath a model reaches only parameters per model. */
export function checkParameters(
  parameters: readonly Parameter[],
  method: MergeMethod,
  where: 'shared' | 'model',
  report: Report,
): void {
  for (const { name, setting } of parameters) {
    const parameter = method.parameters.find((one) => one.name === name.value);
    if (parameter === undefined) {
      const close = nearest(
        name.value,
        method.parameters.map((one) => one.name),
      );
      const known =
        method.parameters.length === 0
          ? 'it has none.'
          : `it has ${method.parameters.map((one) => one.name).join(', ')}.`;
      report({
        code: 'unknown-parameter',
        severity: 'warning',
        ...spanOf(name),
        message:
          `${method.name} has no parameter ${name.value}, so this does nothing; ` +
          `${close === undefined ? known : `did you mean ${close}?`}`,
        fix:
          close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...spanOf(name), text: close }] },
      });
    } else if (where === 'model' && parameter.scope === 'shared') {
      report({
        code: 'parameter-place',
        severity: 'warning',
        ...spanOf(name),
        message:
          `${name.value} is one value for all models: under a single model it does nothing. ` +
          `It belongs under the recipe's, the module's or the slice's parameters.`,
      });
    } else {
      for (const value of scalarsOf(setting)) {
        const why = refusal(value.value, parameter);
        if (why !== undefined) report({ code: 'bad-value', severity: 'error', ...spanOf(value), message: `${why}.` });
      }
    }
  }
}

/** Every plain value in a setting. */
function scalarsOf(setting: Setting): Located<Scalar>[] {
  switch (setting.kind) {
    case 'scalar':
      return [setting];
    case 'gradient':
      return setting.values;
    case 'conditional':
      return setting.cases.flatMap((one) => scalarsOf(one.setting));
  }
}
