import type { Family } from './family.js';
import { NESTED, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const qwen35Moe: Family = {
  modelTypes: ['qwen3_5_moe'],
  layout: {
    id: 'qwen3_5_moe',
    signs: [/\bvisual\.merger\./, /\.linear_attn\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
};
