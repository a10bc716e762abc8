import type { Family } from './family.js';
import { NESTED, QWEN_MERGER, QWEN_VISION } from './shared.js';

export const qwen3VlMoe: Family = {
  modelTypes: ['qwen3_vl_moe'],
  layout: {
    id: 'qwen3_vl_moe',
    signs: [/\bvisual\.deepstack_merger_list\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  mergekitVision: 'vision_tower',
};
