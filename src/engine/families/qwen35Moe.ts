import type { Family } from './family.js';
import { QWEN35_LANGUAGE, QWEN35_LANGUAGE_KEYS } from './qwen35.js';
import { EXPERT_KEYS, NESTED, QWEN3_VISION, QWEN3_VISION_KEYS, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const qwen35Moe: Family = {
  modelTypes: ['qwen3_5_moe'],
  layout: {
    id: 'qwen3_5_moe',
    signs: [/\bvisual\.merger\./, /\.linear_attn\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  model: {
    name: 'Qwen3.5-MoE',
    unused: ['mtp'],
    keys: {
      language: [...QWEN35_LANGUAGE_KEYS, ...EXPERT_KEYS, 'shared_expert_intermediate_size'],
      vision: QWEN3_VISION_KEYS,
    },
    language: { ...QWEN35_LANGUAGE, experts: { count: 256, chosen: 8, inner: 512, shared: 512 } },
    vision: QWEN3_VISION,
  },
};
