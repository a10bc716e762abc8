/**
 * The recipe language as data: every mapping, its keys, what they take and what they mean. The parser checks against
 * this table; completion, hovers, documentation and the JSON Schema are made from it.
 */
import { INTERPOLATE, INTERPOLATE_KEY } from '../../forms/interpolate.js';
import { MERGE_KEYS, MODEL, MODULE, SEED_KEY, SLICE, SOURCE } from '../../forms/merge/keys.js';
import { NOISE, NOISE_KEY } from '../../forms/noise.js';
import { STITCH, STITCH_KEY } from '../../forms/stitch.js';
import { alternatives, CHECKPOINT, DTYPE, type MapName, type MapSpec, NUMBER, type Shape, TEXT } from './shapes.js';

export const MAPS: Readonly<Record<MapName, MapSpec>> = {
  recipe: {
    doc: 'A recipe says how one checkpoint is made of others. Exactly one of stitch, interpolate, noise, models, slices and modules says what is done.',
    keys: {
      checkpoints: {
        shape: { kind: 'record', of: { kind: 'location' }, keys: 'role' },
        origin: 'recipe',
        doc: 'Names for checkpoints: role → path, relative to this file, or a repository of the Hugging Face cache. The names base, in and rl are the stages of a lineage. Another recipe is a checkpoint too.',
        example: '{in: ../in, rl: ../rl}',
      },
      stitch: STITCH_KEY,
      interpolate: INTERPOLATE_KEY,
      noise: NOISE_KEY,
      ...MERGE_KEYS,
      dtype: {
        leftOut: 'empty',
        shape: DTYPE,
        origin: 'mergekit',
        doc: 'Dtype of the result, where out_dtype is not given. mergekit computes in it as well; here every method computes in float64 and rounds once.',
      },
      out_dtype: {
        leftOut: 'empty',
        shape: DTYPE,
        origin: 'mergekit',
        doc: 'Dtype of the result. Left out: dtype, or that of the inputs.',
      },
      tokenizer_source: {
        leftOut: 'null',
        shape: { kind: 'either', shapes: [{ kind: 'word', of: ['base', 'union'] }, CHECKPOINT] },
        origin: 'mergekit',
        doc: 'Whose tokenizer the result has. All models must have the same vocabulary: tokens are not moved to other rows here.',
      },
      tokenizer: {
        leftOut: 'null',
        shape: { kind: 'map', map: 'tokenizer' },
        origin: 'mergekit',
        doc: 'The same, as a mapping.',
      },
      chat_template: {
        leftOut: 'empty',
        shape: TEXT,
        origin: 'mergekit',
        doc: "A Jinja chat template that takes the place of the tokenizer's own.",
      },
      ...SEED_KEY,
    },
  },
  stitch: STITCH,
  interpolate: INTERPOLATE,
  noise: NOISE,
  model: MODEL,
  slice: SLICE,
  source: SOURCE,
  module: MODULE,
  conditional: {
    doc: 'A value for the tensors whose name holds the filter. The first that fits counts.',
    keys: {
      filter: {
        leftOut: 'empty',
        shape: TEXT,
        origin: 'mergekit',
        doc: "Part of a tensor's name, such as self_attn or mlp.down_proj. Left out or *: every tensor.",
      },
      value: {
        shape: { kind: 'setting' },
        origin: 'mergekit',
        required: true,
        doc: 'A scalar, or a gradient over layers.',
      },
    },
  },
  tokenizer: {
    doc: 'Whose tokenizer the result has.',
    keys: {
      source: {
        shape: { kind: 'either', shapes: [{ kind: 'word', of: ['base', 'union'] }, CHECKPOINT] },
        origin: 'mergekit',
        doc: 'base, union, or a model.',
        default: 'union',
      },
      tokens: {
        leftOut: 'empty',
        shape: { kind: 'unsupported' },
        origin: 'mergekit',
        doc: 'Embeddings of single tokens. Not done here.',
      },
      pad_to_multiple_of: {
        leftOut: 'null',
        shape: { kind: 'unsupported' },
        origin: 'mergekit',
        doc: 'Padding of the vocabulary. Not done here.',
      },
    },
  },
  reference: {
    doc: 'A model, as a mapping.',
    keys: {
      model: {
        shape: { kind: 'either', shapes: [{ kind: 'checkpoint' }, { kind: 'map', map: 'path' }] },
        origin: 'mergekit',
        required: true,
        doc: 'The model.',
      },
      lora: {
        leftOut: 'null',
        shape: { kind: 'either', shapes: [TEXT, { kind: 'map', map: 'path' }] },
        origin: 'mergekit',
        doc: 'A LoRA adapter on it; the same as model+lora.',
      },
      override_architecture: {
        leftOut: 'empty',
        shape: TEXT,
        origin: 'mergekit',
        doc: 'Another name of the architecture. Names of tensors decide here.',
      },
    },
  },
  path: {
    doc: 'Where a model lies.',
    keys: {
      path: {
        shape: { kind: 'checkpoint' },
        origin: 'mergekit',
        required: true,
        doc: 'A path, or a repository of the Hugging Face cache.',
      },
      revision: { leftOut: 'empty', shape: TEXT, origin: 'mergekit', doc: 'Revision in the cache.' },
    },
  },
};

/** The shape at a path of keys and list indices from the root; undefined where the language has none. */
export function shapeAt(path: readonly (string | number)[]): Shape | undefined {
  let shapes: readonly Shape[] = [{ kind: 'map', map: 'recipe' }];
  for (const step of path) {
    shapes = shapes
      .flatMap((shape) => alternatives(shape))
      .flatMap((shape): Shape[] => {
        if (typeof step === 'number') {
          if (shape.kind === 'list') return [shape.of];
          if (shape.kind === 'setting') return [{ kind: 'map', map: 'conditional' }, NUMBER];
          if (shape.kind === 'layers') return [{ kind: 'integer', min: 0 }];
          return [];
        }
        if (shape.kind === 'record') return [shape.of];
        if (shape.kind !== 'map') return [];
        const key = MAPS[shape.map].keys[step];
        return key === undefined || !Object.hasOwn(MAPS[shape.map].keys, step) ? [] : [key.shape];
      });
  }
  return shapes.length > 1 ? { kind: 'either', shapes } : shapes[0];
}
