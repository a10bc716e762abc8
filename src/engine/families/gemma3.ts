import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED, tower } from './shared.js';

export const gemma3: Family = {
  modelTypes: ['gemma3'],
  layout: {
    id: 'gemma3',
    signs: [/\bmulti_modal_projector\.mm_soft_emb_norm\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layers'),
    language: NESTED,
  },
  mergekitVision: 'vision_tower',
};
