/** A recipe as it was meant: typed, with the place of every part in the text. What was not understood is left out. */
import type { MethodName } from '../../tensors/methods/list.js';
import type { Located, Place } from './problem.js';
import type { NOISE_SCALES, Part } from './schema.js';

export type Scalar = number | boolean | string;

/** A parameter's value as mergekit has it. */
export type Setting =
  | ({ kind: 'scalar'; value: Scalar } & Place)
  /** Interpolated over the layers of a slice. */
  | ({ kind: 'gradient'; values: Located<Scalar>[] } & Place)
  /** The first whose filter fits the tensor's name; no filter fits all. */
  | ({ kind: 'conditional'; cases: { filter: Located<string> | undefined; setting: Setting }[] } & Place);

export interface Parameter {
  name: Located<string>;
  setting: Setting;
}

/** A checkpoint as the recipe names it: a role, a path or a repository. */
export type Reference = Located<string>;

/** First layer, and the one after the last. */
export type LayerRange = Located<[number, number]>;

export interface InputModel extends Place {
  model: Reference;
  parameters: Parameter[];
}

export interface SliceSource extends InputModel {
  layers: LayerRange;
}

export interface OutputSlice extends Place {
  sources: SliceSource[];
  base: Reference | undefined;
  parameters: Parameter[];
}

export type MergeBody =
  ({ kind: 'models'; models: InputModel[] } & Place) | ({ kind: 'slices'; slices: OutputSlice[] } & Place);

export interface OutputModule {
  name: Located<string>;
  body: MergeBody;
  parameters: Parameter[];
}

/** mergekit's config. */
export interface MergeForm {
  kind: 'merge';
  method: Located<MethodName>;
  base: Reference | undefined;
  parameters: Parameter[];
  /** One body for the whole model, or one per module. */
  body: MergeBody | ({ kind: 'modules'; modules: OutputModule[] } & Place);
}

/** Language layers by region. */
export interface StitchForm {
  kind: 'stitch';
  place: Place;
  early: Reference;
  mid: Reference;
  late: Reference;
  /** Thirds when left out. */
  cuts: Located<[number, number]> | undefined;
}

export interface InterpolateForm {
  kind: 'interpolate';
  place: Place;
  a: Reference;
  b: Reference;
  alpha: Setting;
  /** All when left out. */
  layers: LayerRange | undefined;
  part: Part;
}

export interface NoiseForm {
  kind: 'noise';
  place: Place;
  model: Reference;
  sigma: Located<number>;
  scale: (typeof NOISE_SCALES)[number];
  layers: LayerRange | undefined;
  part: Part;
  seed: number;
}

export type Form = MergeForm | StitchForm | InterpolateForm | NoiseForm;

export interface Recipe {
  checkpoints: { role: Located<string>; location: Located<string> }[];
  /** Undefined when the text does not say what is done, or says it in a way that was not understood. */
  form: Form | undefined;
  /** Dtype of the result, as PyTorch names it. */
  dtype: Located<string> | undefined;
  /** `base`, `union` or a reference. */
  tokenizer: Located<string> | undefined;
  /** Jinja. */
  chatTemplate: Located<string> | undefined;
  seed: number;
}

/**
 * Where a reference leads: the location of the role that it names (roles are found whatever their case, so that IN:RL:RL
 * means what it says), or itself.
 */
export function locationOf({ checkpoints }: Pick<Recipe, 'checkpoints'>, reference: string): string {
  const found =
    checkpoints.find(({ role }) => role.value === reference) ??
    checkpoints.find(({ role }) => role.value.toLowerCase() === reference.toLowerCase());
  return found?.location.value ?? reference;
}

/** The references of a form, in order of appearance; one that is used often stands there often. */
export function referencesOf(form: Form): Reference[] {
  switch (form.kind) {
    case 'stitch':
      return [form.early, form.mid, form.late];
    case 'interpolate':
      return [form.a, form.b];
    case 'noise':
      return [form.model];
    case 'merge':
      return [...(form.base === undefined ? [] : [form.base]), ...bodiesOf(form).flatMap(referencesOfBody)];
  }
}

/** The bodies of a merge: one, or one per module. */
export function bodiesOf({ body }: MergeForm): MergeBody[] {
  return body.kind === 'modules' ? body.modules.map((module) => module.body) : [body];
}

function referencesOfBody(body: MergeBody): Reference[] {
  if (body.kind === 'models') return body.models.map(({ model }) => model);
  return body.slices.flatMap(({ sources, base }) => [
    ...(base === undefined ? [] : [base]),
    ...sources.map(({ model }) => model),
  ]);
}
