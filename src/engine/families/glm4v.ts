import type { Family } from './family.js';
import { NESTED, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const glm4v: Family = {
  modelTypes: ['glm4v'],
  layout: {
    id: 'glm4v',
    signs: [/\bvisual\.merger\.gate_proj\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
};
