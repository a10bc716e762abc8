import type { Family, LanguageFamily } from './family.js';
import {
  LANGUAGE_KEYS,
  NESTED,
  NESTED_ROOT,
  QWEN3_VISION,
  QWEN3_VISION_KEYS,
  QWEN_MERGER,
  QWEN_VISION,
} from './shared.js';

/** Settings of the language model, with an image processor or without. */
export const QWEN35_LANGUAGE_KEYS: readonly string[] = [
  ...LANGUAGE_KEYS,
  'full_attention_interval',
  'linear_conv_kernel_dim',
  'linear_key_head_dim',
  'linear_num_key_heads',
  'linear_num_value_heads',
  'linear_value_head_dim',
  // Without effect in transformers: the gate is always there, the state always fp32, and the head that guesses
  // several tokens ahead (`mtp`) is not loaded.
  'attn_output_gate',
  'mamba_ssm_dtype',
  'mlp_only_layers',
  'mtp_num_hidden_layers',
  'mtp_use_dedicated_embeddings',
];

export const QWEN35_LANGUAGE: LanguageFamily = {
  root: NESTED_ROOT,
  ropeTheta: 10_000,
  epsilon: 1e-6,
  biases: 'attention_bias',
  qkNorm: true,
  unitNorms: true,
  outputGate: true,
  partialRotary: 0.25,
  linear: { interval: 4, kernel: 4, keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128 },
  axes: 'interleaved',
  sections: [11, 11, 10],
};

export const qwen35: Family = {
  modelTypes: ['qwen3_5'],
  layout: {
    id: 'qwen3_5',
    signs: [/\bvisual\.merger\./, /\.linear_attn\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  model: {
    name: 'Qwen3.5',
    unused: ['mtp'],
    keys: {
      language: QWEN35_LANGUAGE_KEYS,
      vision: QWEN3_VISION_KEYS,
    },
    language: QWEN35_LANGUAGE,
    vision: QWEN3_VISION,
  },
};
