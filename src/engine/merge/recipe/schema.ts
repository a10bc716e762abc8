/**
 * The recipe language as data: every mapping, its keys, what they take and what they mean. The parser checks against
 * this table; completion, hovers, documentation and the JSON Schema are made from it.
 */
import { METHOD_NAMES, METHODS } from '../../tensors/methods/list.js';

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
  | { kind: 'list'; of: Shape }
  | { kind: 'map'; map: MapName }
  /** Keys chosen by the user (`role`) or listed elsewhere. */
  | { kind: 'record'; of: Shape; keys: 'role' | 'module' | 'parameter' }
  | { kind: 'either'; shapes: readonly Shape[] };

export interface KeySpec {
  shape: Shape;
  doc: string;
  required?: true;
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

export const DTYPES = ['float64', 'float32', 'bfloat16', 'float16'] as const;
export const PARTS = ['all', 'attention', 'mlp'] as const;
export type Part = (typeof PARTS)[number];
export const NOISE_SCALES = ['absolute', 'relative'] as const;

/** Roles that have a meaning of their own; others may be named freely. */
export const ROLES: Readonly<Record<string, string>> = {
  base: 'The pretrained model that the lineage starts from.',
  in: 'After supervised training (instruction tuning, cold start).',
  rl: 'After reinforcement learning.',
};

/** What a recipe does: exactly one of these keys stands in it. */
export const FORMS = ['stitch', 'interpolate', 'noise', 'models', 'slices', 'modules'] as const;

/** Modules of a vision-language model, as mergekit names them; `default` is the only one of a text model. */
export const MODULES: Readonly<Record<string, { section: 'language' | 'vision' | 'projector'; doc: string }>> = {
  text_decoder: { section: 'language', doc: 'The language model: embeddings, layers, final norm, head.' },
  vision_tower: { section: 'vision', doc: 'The vision encoder.' },
  vision_model: { section: 'vision', doc: 'The vision encoder, as Llama 4 calls it.' },
  multi_modal_projector: { section: 'projector', doc: 'What turns visual features into tokens of the language model.' },
  default: { section: 'language', doc: 'The only module of a text model.' },
};

/** Methods that draw random numbers. */
const RANDOM = METHOD_NAMES.filter((name) => METHODS[name].random);

const TEXT: Shape = { kind: 'text' };
const NUMBER: Shape = { kind: 'number' };
const CHECKPOINT: Shape = { kind: 'either', shapes: [{ kind: 'checkpoint' }, { kind: 'map', map: 'reference' }] };
const DTYPE: Shape = { kind: 'word', of: DTYPES };
const PARAMETERS: Shape = { kind: 'record', of: { kind: 'setting' }, keys: 'parameter' };
const MODELS: Shape = { kind: 'list', of: { kind: 'map', map: 'model' } };
const SLICES: Shape = { kind: 'list', of: { kind: 'map', map: 'slice' } };
const LAYERS: Shape = { kind: 'layers' };

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
      stitch: {
        shape: { kind: 'either', shapes: [{ kind: 'map', map: 'stitch' }, TEXT] },
        origin: 'recipe',
        doc: 'Language layers by region: Early, Mid and Late each from one checkpoint. Short form: EARLY:MID:LATE. Everything outside the language layers comes from the checkpoint that gives Early. No weight is computed.',
        example: 'IN:RL:RL',
      },
      interpolate: {
        shape: { kind: 'map', map: 'interpolate' },
        origin: 'recipe',
        doc: 'Checkpoint a with some layers moved towards b: (1 − alpha) · a + alpha · b.',
        example: '{a: in, b: rl, alpha: 0.5, layers: [9, 18]}',
      },
      noise: {
        shape: { kind: 'map', map: 'noise' },
        origin: 'recipe',
        doc: 'A checkpoint with normal noise added to the weights of some layers.',
        example: '{model: in, sigma: 0.01, scale: relative, layers: [9, 18]}',
      },
      models: { shape: MODELS, origin: 'mergekit', doc: 'Whole models that are merged.' },
      slices: { shape: SLICES, origin: 'mergekit', doc: 'Ranges of layers, stacked in the order given.' },
      modules: {
        shape: { kind: 'record', of: { kind: 'map', map: 'module' }, keys: 'module' },
        origin: 'mergekit',
        doc: 'Parts of the model, each with models or slices of its own. Parts that are not listed are left out of the result.',
      },
      merge_method: {
        shape: { kind: 'method' },
        origin: 'mergekit',
        doc: 'How models are merged. Needed with models, slices and modules.',
      },
      base_model: {
        shape: CHECKPOINT,
        origin: 'mergekit',
        doc: 'The model that differences are taken to, and whose config and tokenizer files the result has.',
      },
      parameters: {
        shape: PARAMETERS,
        origin: 'mergekit',
        doc: 'Parameters of the method. Those of a slice go before those of a module, which go before these.',
      },
      dtype: {
        shape: DTYPE,
        origin: 'mergekit',
        doc: 'Dtype of the result, where out_dtype is not given. mergekit computes in it as well; here every method computes in float64 and rounds once.',
      },
      out_dtype: {
        shape: DTYPE,
        origin: 'mergekit',
        doc: 'Dtype of the result. Left out: dtype, or that of the inputs.',
      },
      tokenizer_source: {
        shape: { kind: 'either', shapes: [{ kind: 'word', of: ['base', 'union'] }, CHECKPOINT] },
        origin: 'mergekit',
        doc: 'Whose tokenizer the result has. All models must have the same vocabulary: tokens are not moved to other rows here.',
      },
      tokenizer: { shape: { kind: 'map', map: 'tokenizer' }, origin: 'mergekit', doc: 'The same, as a mapping.' },
      chat_template: {
        shape: TEXT,
        origin: 'mergekit',
        doc: "A Jinja chat template that takes the place of the tokenizer's own.",
      },
      seed: {
        shape: { kind: 'integer' },
        origin: 'recipe',
        default: '0',
        doc: `Of the random masks of ${RANDOM.slice(0, -1).join(', ')} and ${RANDOM.at(-1)}. The same recipe gives the same weights.`,
      },
    },
  },
  stitch: {
    doc: 'Where the language layers of each region come from.',
    keys: {
      early: {
        shape: { kind: 'checkpoint' },
        origin: 'recipe',
        required: true,
        doc: 'Gives the layers below the first cut, and everything outside the language layers: vision tower, projector, embeddings, final norm, head, tokenizer and processor files.',
      },
      mid: {
        shape: { kind: 'checkpoint' },
        origin: 'recipe',
        required: true,
        doc: 'Gives the layers between the cuts.',
      },
      late: {
        shape: { kind: 'checkpoint' },
        origin: 'recipe',
        required: true,
        doc: 'Gives the layers from the second cut on.',
      },
      cuts: {
        shape: { kind: 'list', of: { kind: 'integer', min: 0 } },
        origin: 'recipe',
        default: 'thirds of the layers, floored',
        doc: 'First layer of Mid and first layer of Late, counted from 0.',
        example: '[9, 18]',
      },
    },
  },
  interpolate: {
    doc: '(1 − alpha) · a + alpha · b in the layers named, a everywhere else.',
    keys: {
      a: {
        shape: { kind: 'checkpoint' },
        origin: 'recipe',
        required: true,
        doc: 'Where alpha = 0 is, and what everything outside the layers comes from.',
      },
      b: { shape: { kind: 'checkpoint' }, origin: 'recipe', required: true, doc: 'Where alpha = 1 is.' },
      alpha: {
        shape: { kind: 'setting' },
        origin: 'recipe',
        required: true,
        doc: 'Share of b. A list is a gradient over the layers.',
        example: '0.5',
      },
      layers: {
        shape: LAYERS,
        origin: 'recipe',
        default: 'all language layers',
        doc: 'First language layer and the one after the last, counted from 0.',
        example: '[9, 18]',
      },
      part: {
        shape: { kind: 'word', of: PARTS },
        origin: 'recipe',
        default: 'all',
        doc: 'The whole layer, its attention, or its MLP.',
      },
    },
  },
  noise: {
    doc: 'Weights of the layers named, plus normal noise of standard deviation sigma.',
    keys: {
      model: {
        shape: { kind: 'checkpoint' },
        origin: 'recipe',
        required: true,
        doc: 'The checkpoint that gets noise.',
      },
      sigma: {
        shape: NUMBER,
        origin: 'recipe',
        required: true,
        doc: 'Standard deviation of the noise.',
        example: '0.01',
      },
      scale: {
        shape: { kind: 'word', of: NOISE_SCALES },
        origin: 'recipe',
        default: 'absolute',
        doc: "What sigma counts in: the weights' own unit, or each tensor's root mean square.",
      },
      layers: {
        shape: LAYERS,
        origin: 'recipe',
        default: 'all language layers',
        doc: 'First language layer and the one after the last, counted from 0.',
        example: '[9, 18]',
      },
      part: {
        shape: { kind: 'word', of: PARTS },
        origin: 'recipe',
        default: 'all',
        doc: 'The whole layer, its attention, or its MLP.',
      },
      seed: {
        shape: { kind: 'integer' },
        origin: 'recipe',
        default: '0',
        doc: 'The same seed gives the same noise, on every machine.',
      },
    },
  },
  model: {
    doc: 'A whole model.',
    keys: {
      model: {
        shape: CHECKPOINT,
        origin: 'mergekit',
        required: true,
        doc: 'A role, a path relative to this file, or a repository of the Hugging Face cache.',
      },
      parameters: { shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for this model.' },
    },
  },
  slice: {
    doc: 'Layers of the result.',
    keys: {
      sources: {
        shape: { kind: 'list', of: { kind: 'map', map: 'source' } },
        origin: 'mergekit',
        required: true,
        doc: 'Where they come from: one range per model, all of one length.',
      },
      base_model: { shape: CHECKPOINT, origin: 'mergekit', doc: 'The base of these layers.' },
      residual_weight: { shape: NUMBER, origin: 'mergekit', doc: 'Read by mergekit and not used.' },
      parameters: { shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for these layers.' },
    },
  },
  source: {
    doc: 'Layers of one model.',
    keys: {
      model: {
        shape: CHECKPOINT,
        origin: 'mergekit',
        required: true,
        doc: 'A role, a path relative to this file, or a repository of the Hugging Face cache.',
      },
      layer_range: {
        shape: LAYERS,
        origin: 'mergekit',
        required: true,
        doc: 'First layer and the one after the last, counted from 0.',
        example: '[0, 9]',
      },
      parameters: { shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for this model in these layers.' },
    },
  },
  module: {
    doc: 'A part of the model, with models or slices of its own.',
    keys: {
      models: { shape: MODELS, origin: 'mergekit', doc: 'Models that are merged in this part.' },
      slices: { shape: SLICES, origin: 'mergekit', doc: "Ranges of this part's layers, stacked in the order given." },
      parameters: { shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for this part.' },
    },
  },
  conditional: {
    doc: 'A value for the tensors whose name holds the filter. The first that fits counts.',
    keys: {
      filter: {
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
        shape: { kind: 'record', of: TEXT, keys: 'parameter' },
        origin: 'mergekit',
        doc: 'Embeddings of single tokens. Not done here.',
      },
      pad_to_multiple_of: {
        shape: { kind: 'integer', min: 1 },
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
        shape: { kind: 'either', shapes: [TEXT, { kind: 'map', map: 'path' }] },
        origin: 'mergekit',
        doc: 'A LoRA adapter on it; the same as model+lora.',
      },
      override_architecture: {
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
      revision: { shape: TEXT, origin: 'mergekit', doc: 'Revision in the cache.' },
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

/** The shapes that a value may have, `either` taken apart. */
export function alternatives(shape: Shape): readonly Shape[] {
  return shape.kind === 'either' ? shape.shapes.flatMap(alternatives) : [shape];
}

/** A JSON Schema (draft 07) of the language, for editors that know nothing but that. */
export function jsonSchema(): Record<string, unknown> {
  const schemaOf = (shape: Shape): Record<string, unknown> => {
    switch (shape.kind) {
      case 'text':
      case 'checkpoint':
      case 'location':
        return { type: 'string' };
      case 'number':
        return { type: 'number' };
      case 'integer':
        return { type: 'integer', ...(shape.min === undefined ? {} : { minimum: shape.min }) };
      case 'boolean':
        return { type: 'boolean' };
      case 'word':
        return { enum: shape.of };
      case 'method':
        return { oneOf: METHOD_NAMES.map((name) => ({ const: name, description: METHODS[name].doc })) };
      case 'layers':
        return { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 };
      case 'setting':
        return { $ref: '#/definitions/setting' };
      case 'list':
        return { type: 'array', items: schemaOf(shape.of) };
      case 'map':
        return { $ref: `#/definitions/${shape.map}` };
      case 'record':
        return { type: 'object', additionalProperties: schemaOf(shape.of) };
      case 'either':
        return { anyOf: alternatives(shape).map(schemaOf) };
    }
  };
  const mapSchema = ({ doc, keys }: MapSpec) => ({
    type: 'object',
    description: doc,
    properties: Object.fromEntries(
      Object.entries(keys).map(([key, spec]) => [key, { description: spec.doc, ...schemaOf(spec.shape) }]),
    ),
    required: Object.entries(keys)
      .filter(([, spec]) => spec.required)
      .map(([key]) => key),
    additionalProperties: false,
  });
  const scalar = { type: ['string', 'number', 'boolean'] };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Recipe of a merged checkpoint',
    $ref: '#/definitions/recipe',
    definitions: {
      setting: {
        anyOf: [
          scalar,
          { type: 'array', items: scalar },
          { $ref: '#/definitions/conditional' },
          { type: 'array', items: { $ref: '#/definitions/conditional' } },
        ],
      },
      ...Object.fromEntries(Object.entries(MAPS).map(([name, spec]) => [name, mapSchema(spec)])),
    },
  };
}
