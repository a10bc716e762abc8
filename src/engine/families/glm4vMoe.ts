import type { Family } from './family.js';
import { NESTED, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const glm4vMoe: Family = {
  modelTypes: ['glm4v_moe'],
  layout: {
    id: 'glm4v_moe',
    signs: [/\bvisual\.merger\.gate_proj\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
};
