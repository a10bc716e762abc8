/** Keys of recipes that merge: those of mergekit's configs. */
import { METHOD_NAMES, METHODS } from '../../../tensors/methods/list.js';
import {
  CHECKPOINT,
  type KeySpec,
  LAYERS,
  type MapSpec,
  MODELS,
  NUMBER,
  PARAMETERS,
  SLICES,
} from '../../recipe/schema/shapes.js';

/** Keys of the recipe itself. */
export const MERGE_KEYS: Readonly<Record<string, KeySpec>> = {
  models: { leftOut: 'empty', shape: MODELS, origin: 'mergekit', doc: 'Whole models that are merged.' },
  slices: { leftOut: 'empty', shape: SLICES, origin: 'mergekit', doc: 'Ranges of layers, stacked in the order given.' },
  modules: {
    leftOut: 'empty',
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
    leftOut: 'null',
    shape: CHECKPOINT,
    origin: 'mergekit',
    doc: 'The model that differences are taken to, and whose config and tokenizer files the result has.',
  },
  parameters: {
    leftOut: 'null',
    shape: PARAMETERS,
    origin: 'mergekit',
    doc: 'Parameters of the method. Those of a slice go before those of a module, which go before these.',
  },
};

/** Methods that draw random numbers. */
const RANDOM = METHOD_NAMES.filter((name) => METHODS[name].random);

export const SEED_KEY: Readonly<Record<string, KeySpec>> = {
  seed: {
    shape: { kind: 'integer' },
    origin: 'recipe',
    default: '0',
    doc: `Of the random masks of ${RANDOM.slice(0, -1).join(', ')} and ${RANDOM.at(-1)}. The same recipe gives the same weights.`,
  },
};

export const MODEL: MapSpec = {
  doc: 'A whole model.',
  keys: {
    model: {
      shape: CHECKPOINT,
      origin: 'mergekit',
      required: true,
      doc: 'A role, a path relative to this file, or a repository of the Hugging Face cache.',
    },
    parameters: { leftOut: 'null', shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for this model.' },
  },
};

export const SLICE: MapSpec = {
  doc: 'Layers of the result.',
  keys: {
    sources: {
      shape: { kind: 'list', of: { kind: 'map', map: 'source' } },
      origin: 'mergekit',
      required: true,
      doc: 'Where they come from: one range per model, all of one length.',
    },
    base_model: { leftOut: 'null', shape: CHECKPOINT, origin: 'mergekit', doc: 'The base of these layers.' },
    residual_weight: {
      leftOut: 'null',
      shape: { kind: 'either', shapes: [NUMBER, { kind: 'boolean' }] },
      origin: 'mergekit',
      doc: 'Read by mergekit and not used.',
    },
    parameters: { leftOut: 'null', shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for these layers.' },
  },
};

export const SOURCE: MapSpec = {
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
    parameters: {
      leftOut: 'null',
      shape: PARAMETERS,
      origin: 'mergekit',
      doc: 'Parameters for this model in these layers.',
    },
  },
};

export const MODULE: MapSpec = {
  doc: 'A part of the model, with models or slices of its own.',
  keys: {
    models: { leftOut: 'empty', shape: MODELS, origin: 'mergekit', doc: 'Models that are merged in this part.' },
    slices: {
      leftOut: 'empty',
      shape: SLICES,
      origin: 'mergekit',
      doc: "Ranges of this part's layers, stacked in the order given.",
    },
    parameters: { leftOut: 'null', shape: PARAMETERS, origin: 'mergekit', doc: 'Parameters for this part.' },
  },
};
