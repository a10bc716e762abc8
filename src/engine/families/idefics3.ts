import type { Family, Layout, ModelDeclaration } from './family.js';
import { llama } from './llama.js';
import { LANGUAGE_KEYS, SIGLIP, SIGLIP_SQUARE, VIT_KEYS } from './shared.js';

const LAYOUT: Layout = {
  id: 'idefics3',
  signs: [/^(?:model\.)?connector\./, /^(?:model\.)?text_model\./],
  // The model without its head, saved alone.
  renames: [[/^(text_model|vision_model|connector)\./, 'model.$1.']],
  projector: ['model.connector'],
  vision: { roots: ['model.vision_model'], stacks: ['model.vision_model.encoder.layers'] },
  language: { roots: ['model.text_model'], stacks: ['model.text_model.layers'] },
};

const LANGUAGE = { ...llama.model!.language, root: 'model.text_model', epsilon: 1e-5 };

/** Of a square alone, or of the whole image behind its squares. */
const WHOLE = '<fake_token_around_image><global-img><image><fake_token_around_image>';

const MODEL: Omit<ModelDeclaration, 'name'> = {
  keys: {
    language: [
      ...LANGUAGE_KEYS,
      // Of the training, and of a resampler that was never used; transformers' Llama reads none of them.
      'neftune_noise_alpha',
      'perceiver_config',
      'pixel_shuffle_factor',
    ],
    vision: [
      ...VIT_KEYS,
      // Of the image processor, whose own file counts.
      'max_image_size',
      'size',
      'tie_word_embeddings',
    ],
    model: ['scale_factor', 'use_reentrant_checkpointing'],
  },
  language: LANGUAGE,
  languages: { llama: LANGUAGE },
  vision: {
    ...SIGLIP,
    root: 'model.vision_model',
    patchSize: 32,
    boxes: 'thousandths',
    square: { ...SIGLIP_SQUARE, heads: 16, fractions: true },
    projector: { kind: 'linear', matrix: 'model.connector.modality_projection.proj' },
    squares: 'grid',
    processors: ['Idefics3ImageProcessor', 'SmolVLMImageProcessor'],
    imageToken: 128_257,
    prompt: {
      placeholder: '<image>',
      parts: true,
      text: WHOLE,
      split: {
        square: '<fake_token_around_image><row_{row}_col_{column}><image>',
        rowEnd: '\n',
        whole: `\n${WHOLE}`,
      },
      image: '<image>',
    },
  },
};

/** Llama behind SigLIP: Idefics 3, and SmolVLM as it was first published. */
export const idefics3: Family = {
  modelTypes: ['idefics3'],
  layout: LAYOUT,
  model: { name: 'Idefics 3', ...MODEL },
};

/** The same arithmetic under the name of SmolVLM 2. */
export const smolvlm: Family = {
  modelTypes: ['smolvlm'],
  layout: LAYOUT,
  model: { name: 'SmolVLM', ...MODEL },
};
