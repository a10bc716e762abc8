/** What can be said of a merge without its checkpoints: base, number of models, parameters. */
import { METHODS } from '../../../tensors/methods/list.js';
import type { MergeMethod, MethodParameter } from '../../../tensors/methods/method.js';
import type {
  InputModel,
  MergeBody,
  MergeForm,
  OutputSlice,
  Parameter,
  Reference,
  SliceSource,
} from '../../recipe/ast.js';
import { spanOf } from '../../recipe/nodes.js';
import type { Report, Span } from '../../recipe/problem.js';
import type { Identity } from '../form.js';
import { inputsOf } from './bodies.js';
import { checkParameters } from './checkParameters.js';

export function checkMerge(form: MergeForm, identity: Identity, report: Report): void {
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
        { inputs: [...body.models, ...added], base: form.base, method, levels, span: body, identity },
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
        { inputs: slice.sources, base, method, levels: [slice.parameters, ...levels], span: slice, identity },
        report,
      );
      baseMissing ||= method.base === 'required' && base === undefined;
      checkSources(slice, method.base === 'ignored' ? undefined : base, identity, report);
    }
  }
  if (baseMissing) {
    const [first] = bodies.flatMap(({ body }) => inputsOf(body));
    report({
      code: 'missing-base',
      severity: 'error',
      ...spanOf(form.method),
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

/** The sources of a slice: the base is one of them, and all have as many layers. */
function checkSources(slice: OutputSlice, base: Reference | undefined, identity: Identity, report: Report): void {
  if (base !== undefined && !slice.sources.some(({ model }) => identity(model) === identity(base)))
    report({
      code: 'missing-base',
      severity: 'error',
      ...firstOf(slice.sources, slice),
      message: `The base ${base.value} must be one of the sources of this slice, with its own range of layers.`,
    });
  const lengthOf = ({ layers }: SliceSource) => layers.value[1] - layers.value[0];
  const [expected] = slice.sources.map(lengthOf);
  const odd = slice.sources.find((source) => lengthOf(source) !== expected);
  if (odd !== undefined)
    report({
      code: 'layer-range',
      severity: 'error',
      ...spanOf(odd.layers),
      message:
        `All sources of a slice have the same number of layers; the first has ${expected}, ` +
        `this one ${lengthOf(odd)}.`,
    });
}

/**
 * Ranges without layers. At either end they give what surrounds the layers (mergekit's way to take embeddings, or final
 * norm and head, from another model); anywhere else, and alone, they are a mistake about where ranges end.
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
        ...spanOf(source.layers),
        message: accepted
          ? `[${at}, ${at}] has no layer: ranges exclude their end. It gives ` +
            `${first ? 'the embeddings' : 'final norm and head'} only.`
          : `[${at}, ${at}] has no layer${none ? ', and the model would have none' : ''}: ranges ` +
            `exclude their end, so layer ${at} is [${at}, ${at + 1}].`,
        fix: {
          title: `Change to [${at}, ${at + 1}]`,
          edits: [{ ...spanOf(source.layers), text: `[${at}, ${at + 1}]` }],
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
  span: Span;
  identity: Identity;
}

function checkInputs({ inputs, base, method, levels, span, identity }: Inputs, report: Report): void {
  const isBase = ({ model }: InputModel) =>
    method.base !== 'ignored' && base !== undefined && identity(model) === identity(base);
  const others = inputs.filter((input) => !isBase(input)).length;
  const { models, others: limits } = method;
  if (inputs.length < models.min || inputs.length > models.max) {
    report({
      code: 'model-count',
      severity: 'error',
      ...spanOf(span),
      message:
        `${method.name} takes ${amount(models)} ` +
        `${models.min === models.max && models.max === 1 ? 'model' : 'models'}${method.base === 'required' ? ', the base counted' : ''}; ` +
        `here ${inputs.length === 1 ? 'is 1' : `are ${inputs.length}`}.`,
    });
  } else if (limits !== undefined && (others < limits.min || others > limits.max)) {
    report({
      code: 'model-count',
      severity: 'error',
      ...spanOf(span),
      message:
        `${method.name} takes ${amount(limits)} models beside the base; ` +
        `here ${others === 1 ? 'is 1' : `are ${others}`}.`,
    });
  }
  const seen = new Set<string>();
  for (const { model } of inputs) {
    const name = identity(model);
    if (seen.has(name))
      report({
        code: 'bad-value',
        severity: 'error',
        ...spanOf(model),
        message:
          `${model.value} stands here twice; mergekit refuses that too. Give it one entry, ` +
          'with the sum of the weights.',
      });
    seen.add(name);
  }
  const given = (parameter: MethodParameter, own: readonly Parameter[]) =>
    [own, ...levels].some((level) => level.some(({ name }) => name.value === parameter.name));
  for (const parameter of method.parameters) {
    if (parameter.default !== undefined) continue;
    if (parameter.scope === 'shared') {
      if (!given(parameter, [])) report(missing(parameter, method, spanOf(span)));
    } else {
      for (const input of inputs) {
        if ((parameter.scope === 'model' || !isBase(input)) && !given(parameter, input.parameters))
          report(missing(parameter, method, spanOf(input.model), input.model.value));
      }
    }
  }
}

function missing({ name, doc }: MethodParameter, method: MergeMethod, span: Span, model?: string) {
  return {
    code: 'missing-parameter' as const,
    severity: 'error' as const,
    ...span,
    message: `${method.name} needs the parameter ${name}${model === undefined ? '' : ` for ${model}`}: ${doc}`,
  };
}

function amount({ min, max }: { min: number; max: number }): string {
  if (min === max) return `exactly ${min}`;
  return max === Infinity ? `at least ${min}` : `${min} to ${max}`;
}

function firstOf(items: readonly Span[], otherwise: Span): Span {
  return spanOf(items[0] ?? otherwise);
}
