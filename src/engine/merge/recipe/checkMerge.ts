/** What can be said of a merge without its checkpoints: base, number of models, parameters. */
import { METHODS } from '../../tensors/methods/list.js';
import type { MergeMethod, MethodParameter } from '../../tensors/methods/method.js';
import { refusal } from '../settings.js';
import type { InputModel, MergeBody, MergeForm, Parameter, Reference, Scalar, Setting, SliceSource } from './ast.js';
import { nearest, type Located, type Place, type Report } from './problem.js';

/** @param identity the same text for two references that mean the same checkpoint. */
export function checkMerge(form: MergeForm, identity: (reference: Reference) => string, report: Report): void {
  const method = METHODS[form.method.value];
  checkParameters(form.parameters, method, 'shared', report);
  const bodies: { body: MergeBody; levels: Parameter[][] }[] =
    form.body.kind === 'modules'
      ? form.body.modules.map((module) => ({ body: module.body, levels: [module.parameters, form.parameters] }))
      : [{ body: form.body, levels: [form.parameters] }];
  if (form.body.kind === 'modules')
    for (const module of form.body.modules) checkParameters(module.parameters, method, 'shared', report);

  let baseMissing = false;
  for (const { body, levels } of bodies) {
    if (body.kind === 'models') {
      for (const model of body.models) checkParameters(model.parameters, method, 'model', report);
      const listed = body.models.some(
        ({ model }) => form.base !== undefined && identity(model) === identity(form.base),
      );
      const added: InputModel[] =
        form.base === undefined || listed
          ? []
          : [{ model: form.base, parameters: [], offset: form.base.offset, length: form.base.length }];
      checkInputs(
        { inputs: [...body.models, ...added], base: form.base, method, levels, place: body, identity },
        report,
      );
      baseMissing ||= method.base === 'required' && form.base === undefined;
      continue;
    }
    checkEmpty(body, report);
    for (const slice of body.slices) {
      const base = slice.base ?? form.base;
      checkParameters(slice.parameters, method, 'shared', report);
      for (const source of slice.sources) checkParameters(source.parameters, method, 'model', report);
      checkInputs(
        { inputs: slice.sources, base, method, levels: [slice.parameters, ...levels], place: slice, identity },
        report,
      );
      baseMissing ||= method.base === 'required' && base === undefined;
      if (
        base !== undefined &&
        method.base !== 'ignored' &&
        !slice.sources.some(({ model }) => identity(model) === identity(base))
      ) {
        report({
          code: 'missing-base',
          severity: 'error',
          ...firstOf(slice.sources, slice),
          message: `The base ${base.value} must be one of the sources of this slice, with its own range of layers.`,
        });
      }
      const lengths = new Set(
        slice.sources.map(
          ({
            layers: {
              value: [first, end],
            },
          }) => end - first,
        ),
      );
      const [expected] = lengths;
      const odd = slice.sources.find(
        ({
          layers: {
            value: [first, end],
          },
        }) => end - first !== expected,
      );
      if (odd !== undefined)
        report({
          code: 'layer-range',
          severity: 'error',
          ...placeOf(odd.layers),
          message: `All sources of a slice have the same number of layers; the first has ${expected}, this one ${odd.layers.value[1] - odd.layers.value[0]}.`,
        });
    }
  }
  if (baseMissing) {
    const [first] = bodies.flatMap(({ body }) =>
      body.kind === 'models' ? body.models : body.slices.flatMap(({ sources }) => sources),
    );
    report({
      code: 'missing-base',
      severity: 'error',
      ...placeOf(form.method),
      message: `${method.name} needs a base_model: ${method.doc}`,
      fix: first && {
        title: `Add base_model: ${first.model.value}`,
        edits: [
          { offset: form.method.offset + form.method.length, length: 0, text: `\nbase_model: ${first.model.value}` },
        ],
      },
    });
  }
}

/**
 * Ranges without layers. At either end they give what surrounds the layers (mergekit's way to take embeddings, or final norm
 * and head, from another model); anywhere else, and alone, they are a mistake about where ranges end.
 */
function checkEmpty({ slices }: Extract<MergeBody, { kind: 'slices' }>, report: Report): void {
  const isEmpty = ({ layers }: SliceSource) => layers.value[0] === layers.value[1];
  const none = slices.every(({ sources }) => sources.every(isEmpty));
  slices.forEach(({ sources }, index) => {
    for (const source of sources.filter(isEmpty)) {
      const [at] = source.layers.value;
      const [first, last] = [index === 0 && at === 0, index === slices.length - 1 && at > 0];
      const accepted = !none && (first || last);
      report({
        code: 'layer-range',
        severity: accepted ? 'warning' : 'error',
        ...placeOf(source.layers),
        message: accepted
          ? `[${at}, ${at}] has no layer: ranges exclude their end. It gives ${first ? 'the embeddings' : 'final norm and head'} only.`
          : `[${at}, ${at}] has no layer${none ? ', and the model would have none' : ''}: ranges exclude their end, so layer ${at} is [${at}, ${at + 1}].`,
        fix: {
          title: `Change to [${at}, ${at + 1}]`,
          edits: [{ ...placeOf(source.layers), text: `[${at}, ${at + 1}]` }],
        },
      });
    }
  });
}

interface Inputs {
  inputs: readonly InputModel[];
  base: Reference | undefined;
  method: MergeMethod;
  /** Parameters above the models', most specific first. */
  levels: readonly (readonly Parameter[])[];
  place: Place;
  identity: (reference: Reference) => string;
}

function checkInputs({ inputs, base, method, levels, place, identity }: Inputs, report: Report): void {
  const isBase = ({ model }: InputModel) =>
    method.base !== 'ignored' && base !== undefined && identity(model) === identity(base);
  const others = inputs.filter((input) => !isBase(input)).length;
  const { models, others: limits } = method;
  if (inputs.length < models.min || inputs.length > models.max) {
    report({
      code: 'model-count',
      severity: 'error',
      ...placeOf(place),
      message: `${method.name} takes ${amount(models)} ${models.min === models.max && models.max === 1 ? 'model' : 'models'}${method.base === 'required' ? ', the base counted' : ''}; here ${inputs.length === 1 ? 'is 1' : `are ${inputs.length}`}.`,
    });
  } else if (limits !== undefined && (others < limits.min || others > limits.max)) {
    report({
      code: 'model-count',
      severity: 'error',
      ...placeOf(place),
      message: `${method.name} takes ${amount(limits)} models beside the base; here ${others === 1 ? 'is 1' : `are ${others}`}.`,
    });
  }
  const seen = new Set<string>();
  for (const { model } of inputs) {
    const name = identity(model);
    if (seen.has(name))
      report({
        code: 'bad-value',
        severity: 'error',
        ...placeOf(model),
        message: `${model.value} stands here twice; mergekit refuses that too. Give it one entry, with the sum of the weights.`,
      });
    seen.add(name);
  }
  const given = (parameter: MethodParameter, own: readonly Parameter[]) =>
    [own, ...levels].some((level) => level.some(({ name }) => name.value === parameter.name));
  for (const parameter of method.parameters) {
    if (parameter.default !== undefined) continue;
    if (parameter.scope === 'shared') {
      if (!given(parameter, [])) report(missing(parameter, method, placeOf(place)));
    } else {
      for (const input of inputs) {
        if ((parameter.scope === 'model' || !isBase(input)) && !given(parameter, input.parameters))
          report(missing(parameter, method, placeOf(input.model), input.model.value));
      }
    }
  }
}

function missing({ name, doc }: MethodParameter, method: MergeMethod, place: Place, model?: string) {
  return {
    code: 'missing-parameter' as const,
    severity: 'error' as const,
    ...place,
    message: `${method.name} needs the parameter ${name}${model === undefined ? '' : ` for ${model}`}: ${doc}`,
  };
}

/** @param where what is beneath a model reaches only parameters per model. */
function checkParameters(
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
        ...placeOf(name),
        message: `${method.name} has no parameter ${name.value}, so this does nothing; ${close === undefined ? known : `did you mean ${close}?`}`,
        fix:
          close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...placeOf(name), text: close }] },
      });
    } else if (where === 'model' && parameter.scope === 'shared') {
      report({
        code: 'parameter-place',
        severity: 'warning',
        ...placeOf(name),
        message: `${name.value} is one value for all models: under a single model it does nothing. It belongs under the recipe's, the module's or the slice's parameters.`,
      });
    } else {
      for (const value of scalarsOf(setting)) {
        const why = refusal(value.value, parameter);
        if (why !== undefined) report({ code: 'bad-value', severity: 'error', ...placeOf(value), message: `${why}.` });
      }
    }
  }
}

/** Every plain value in a setting. */
export function scalarsOf(setting: Setting): Located<Scalar>[] {
  switch (setting.kind) {
    case 'scalar':
      return [setting];
    case 'gradient':
      return setting.values;
    case 'conditional':
      return setting.cases.flatMap((one) => scalarsOf(one.setting));
  }
}

function amount({ min, max }: { min: number; max: number }): string {
  if (min === max) return `exactly ${min}`;
  return max === Infinity ? `at least ${min}` : `${min} to ${max}`;
}

function firstOf(items: readonly Place[], otherwise: Place): Place {
  return placeOf(items[0] ?? otherwise);
}

function placeOf({ offset, length }: Place): Place {
  return { offset, length };
}
