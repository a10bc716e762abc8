/** A recipe as it was meant: typed, with the place of every part in the text. What was not understood is left out. */
import type { MethodName } from '../../tensors/methods/list.js';
import type { Located, Span } from './problem.js';
import type { NOISE_SCALES, Part } from './schema/words.js';

export type Scalar = number | boolean | string;

/** A parameter's value as mergekit has it. */
export type Setting =
  | ({ kind: 'scalar'; value: Scalar } & Span)
  /** Interpolated over the layers of a slice. */
  | ({ kind: 'gradient'; values: Located<Scalar>[] } & Span)
  /** The first whose filter fits the tensor's name; no filter fits all. */
  | ({ kind: 'conditional'; cases: { filter: Located<string> | undefined; setting: Setting }[] } & Span);

export interface Parameter {
  name: Located<string>;
  setting: Setting;
}

/** A checkpoint as the recipe names it: a role, a path or a repository. */
export type Reference = Located<string>;

/** First layer, and the one after the last. */
export type LayerRange = Located<[number, number]>;

export interface InputModel extends Span {
  model: Reference;
  parameters: Parameter[];
}

export interface SliceSource extends InputModel {
  layers: LayerRange;
}

export interface OutputSlice extends Span {
  sources: SliceSource[];
  base: Reference | undefined;
  parameters: Parameter[];
}

export type MergeBody =
  ({ kind: 'models'; models: InputModel[] } & Span) | ({ kind: 'slices'; slices: OutputSlice[] } & Span);

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
  body: MergeBody | ({ kind: 'modules'; modules: OutputModule[] } & Span);
}

/** Language layers by region. */
export interface StitchForm {
  kind: 'stitch';
  span: Span;
  early: Reference;
  mid: Reference;
  late: Reference;
  /** Thirds when left out. */
  cuts: Located<[number, number]> | undefined;
}

export interface InterpolateForm {
  kind: 'interpolate';
  span: Span;
  a: Reference;
  b: Reference;
  alpha: Setting;
  /** All when left out. */
  layers: LayerRange | undefined;
  part: Part;
}

export interface NoiseForm {
  kind: 'noise';
  span: Span;
  model: Reference;
  sigma: Located<number>;
  scale: (typeof NOISE_SCALES)[number];
  /** Noise takes the place of a part of the weights. */
  mix: boolean;
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
 * Where a reference leads: the location of the role that it names (roles are found whatever their case, so that
 * IN:RL:RL means what it says), or itself.
 */
export function locationOf({ checkpoints }: Pick<Recipe, 'checkpoints'>, reference: string): string {
  const found =
    checkpoints.find(({ role }) => role.value === reference) ??
    checkpoints.find(({ role }) => role.value.toLowerCase() === reference.toLowerCase());
  return found?.location.value ?? reference;
}
