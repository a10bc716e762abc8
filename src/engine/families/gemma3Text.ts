import type { Family, LanguageFamily } from './family.js';
import { FLAT_ROOT, LANGUAGE_KEYS } from './shared.js';
import { TEXT_LAYOUT } from './text.js';

/** Settings of the language model, with an image processor or without; `cache_implementation` and the like are no layers. */
export const GEMMA3_LANGUAGE_KEYS: readonly string[] = [
  ...LANGUAGE_KEYS.filter((key) => !['max_window_layers', 'mlp_bias', 'use_sliding_window'].includes(key)),
  'hidden_activation',
  'query_pre_attn_scalar',
  'rope_local_base_freq',
  'sliding_window_pattern',
];

export const GEMMA3_LANGUAGE: LanguageFamily = {
  root: FLAT_ROOT,
  ropeTheta: 1_000_000,
  epsilon: 1e-6,
  biases: 'attention_bias',
  qkNorm: true,
  unitNorms: true,
  sandwichNorms: true,
  scaledEmbeddings: true,
  activationKey: { key: 'hidden_activation', otherwise: 'gelu_pytorch_tanh' },
  queryScalar: 256,
  sizes: { heads: 8, kvHeads: 4, context: 131_072 },
  sliding: { every: 6, size: 4096, ropeTheta: 10_000 },
  axes: 'text',
  sections: [],
};

/** Gemma 3 without images: the 270M and 1B models, and what a training on text saves. */
export const gemma3Text: Family = {
  modelTypes: ['gemma3_text'],
  layout: TEXT_LAYOUT,
  model: {
    name: 'Gemma 3 (text)',
    tiedByDefault: true,
    keys: { language: [...GEMMA3_LANGUAGE_KEYS, 'final_logit_softcapping'] },
    language: { ...GEMMA3_LANGUAGE, softcap: true },
  },
};
