import type { Family } from './family.js';
import { NESTED, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const qwen25Omni: Family = {
  modelTypes: ['qwen2_5_omni', 'qwen2_5_omni_thinker'],
  layout: {
    id: 'qwen2_5_omni',
    signs: [/\baudio_tower\./, /\bvisual\.merger\./],
    renames: [[/^thinker\./, '']],
    flatLanguage: true,
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
};
