/** What the recipe language is described in: mappings, their keys, and the shapes of values. */
import { DTYPES } from './words.js';

/** Mappings of the language. */
export type MapName =
  | 'recipe'
  | 'stitch'
  | 'interpolate'
  | 'noise'
  | 'model'
  | 'slice'
  | 'source'
  | 'module'
  | 'conditional'
  | 'tokenizer'
  | 'reference'
  | 'path';

export type Shape =
  | { kind: 'text' }
  | { kind: 'number' }
  | { kind: 'integer'; min?: number }
  | { kind: 'boolean' }
  /** One of these words. */
  | { kind: 'word'; of: readonly string[] }
  /** A merge method's name. */
  | { kind: 'method' }
  /** A role, a path, or a repository of the Hugging Face cache. */
  | { kind: 'checkpoint' }
  /** A path or a repository, where roles are given their meaning. */
  | { kind: 'location' }
  /** `[first, end]`: language layers from `first` up to, without, `end`. */
  | { kind: 'layers' }
  /** A parameter's value: a scalar, a gradient over layers, or a list of `{filter, value}`. */
  | { kind: 'setting' }
  /** What is refused as a whole, whatever stands in it. */
  | { kind: 'unsupported' }
  | { kind: 'list'; of: Shape }
  | { kind: 'map'; map: MapName }
  /** Keys chosen by the user (`role`) or listed elsewhere. */
  | { kind: 'record'; of: Shape; keys: 'role' | 'module' | 'parameter' }
  | { kind: 'either'; shapes: readonly Shape[] };

export interface KeySpec {
  shape: Shape;
  doc: string;
  required?: true;
  /** What says the same as leaving the key out: null, or also a text, list or mapping with nothing in it. */
  leftOut?: 'null' | 'empty';
  /** Where it comes from: mergekit's files have it, or only recipes of this product. */
  origin: 'mergekit' | 'recipe';
  /** Taken when left out. */
  default?: string;
  example?: string;
}

export interface MapSpec {
  doc: string;
  keys: Readonly<Record<string, KeySpec>>;
}

export const TEXT: Shape = { kind: 'text' };
export const NUMBER: Shape = { kind: 'number' };
export const CHECKPOINT: Shape = {
  kind: 'either',
  shapes: [{ kind: 'checkpoint' }, { kind: 'map', map: 'reference' }],
};
export const DTYPE: Shape = { kind: 'word', of: DTYPES };
export const PARAMETERS: Shape = { kind: 'record', of: { kind: 'setting' }, keys: 'parameter' };
export const MODELS: Shape = { kind: 'list', of: { kind: 'map', map: 'model' } };
export const SLICES: Shape = { kind: 'list', of: { kind: 'map', map: 'slice' } };
export const LAYERS: Shape = { kind: 'layers' };

/** The shapes that a value may have, `either` taken apart. */
export function alternatives(shape: Shape): readonly Shape[] {
  return shape.kind === 'either' ? shape.shapes.flatMap(alternatives) : [shape];
}
