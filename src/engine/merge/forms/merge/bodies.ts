/** Walks over what a merge is made of. */
import type { MergeBody, MergeForm, Parameter, Reference, Setting } from '../../recipe/ast.js';

/** The bodies of a merge: one, or one per module. */
export function bodiesOf({ body }: MergeForm): MergeBody[] {
  return body.kind === 'modules' ? body.modules.map((module) => module.body) : [body];
}

/** Those of a body, in order of appearance. */
export function referencesOfBody(body: MergeBody): Reference[] {
  if (body.kind === 'models') return body.models.map(({ model }) => model);
  return body.slices.flatMap(({ sources, base }) => [
    ...(base === undefined ? [] : [base]),
    ...sources.map(({ model }) => model),
  ]);
}

/** The models that a body lists, and their parameters. */
export function inputsOf(body: MergeBody): { model: Reference; parameters: Parameter[] }[] {
  return body.kind === 'models' ? body.models : body.slices.flatMap(({ sources }) => sources);
}

/** Every parameter's value in the recipe. */
export function settingsOf(form: MergeForm): Setting[] {
  const ofBody = (body: MergeBody): Parameter[] =>
    body.kind === 'models'
      ? body.models.flatMap((model) => model.parameters)
      : body.slices.flatMap((slice) => [...slice.parameters, ...slice.sources.flatMap((source) => source.parameters)]);
  const ofModules =
    form.body.kind === 'modules'
      ? form.body.modules.flatMap((module) => [...module.parameters, ...ofBody(module.body)])
      : ofBody(form.body);
  return [...form.parameters, ...ofModules].map(({ setting }) => setting);
}
