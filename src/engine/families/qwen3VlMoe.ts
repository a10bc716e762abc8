import type { Family } from './family.js';
import {
  EXPERT_KEYS,
  LANGUAGE_KEYS,
  NESTED,
  NESTED_ROOT,
  QWEN3_MERGER,
  QWEN3_VISION,
  QWEN3_VISION_KEYS,
  QWEN_MERGER,
  QWEN_VISION,
} from './shared.js';

export const qwen3VlMoe: Family = {
  modelTypes: ['qwen3_vl_moe'],
  layout: {
    id: 'qwen3_vl_moe',
    signs: [/\bvisual\.deepstack_merger_list\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  model: {
    name: 'Qwen3-VL-MoE',
    keys: {
      language: [...LANGUAGE_KEYS, ...EXPERT_KEYS, 'decoder_sparse_step', 'mlp_only_layers'],
      vision: QWEN3_VISION_KEYS,
    },
    language: {
      root: NESTED_ROOT,
      ropeTheta: 500_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      qkNorm: true,
      experts: { count: 60, chosen: 4, inner: 1408, someDense: true },
      axes: 'interleaved',
      sections: [24, 20, 20],
    },
    vision: { ...QWEN3_VISION, deepstack: { merger: QWEN3_MERGER, blocks: [8, 16, 24] } },
  },
  mergekitVision: 'vision_tower',
};
