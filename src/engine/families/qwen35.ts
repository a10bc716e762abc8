import type { Family } from './family.js';
import { NESTED, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const qwen35: Family = {
  modelTypes: ['qwen3_5'],
  layout: {
    id: 'qwen3_5',
    signs: [/\bvisual\.merger\./, /\.linear_attn\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
};
