import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED, tower } from './shared.js';

export const internvl: Family = {
  modelTypes: ['internvl'],
  layout: {
    id: 'internvl',
    signs: [/\bvision_tower\.encoder\.layer\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layer'),
    language: NESTED,
  },
};
