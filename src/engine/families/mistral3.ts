import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED, tower } from './shared.js';

export const mistral3: Family = {
  modelTypes: ['mistral3'],
  layout: {
    id: 'mistral3',
    signs: [/\bmulti_modal_projector\.patch_merger\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('transformer.layers'),
    language: NESTED,
  },
  mergekitVision: 'vision_tower',
};
