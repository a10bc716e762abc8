import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED, tower } from './shared.js';

export const kimiVl: Family = {
  modelTypes: ['kimi_vl'],
  layout: {
    id: 'kimi_vl',
    signs: [/\bvision_tower\.encoder\.blocks\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.blocks'),
    language: NESTED,
  },
};
