import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED } from './shared.js';

export const llama4: Family = {
  modelTypes: ['llama4'],
  layout: {
    id: 'llama4',
    signs: [/^vision_model\.model\.layers\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: { roots: ['vision_model'], stacks: ['vision_model.model.layers'] },
    language: NESTED,
  },
  mergekitVision: 'vision_model',
};
