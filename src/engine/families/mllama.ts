import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED } from './shared.js';

export const mllama: Family = {
  modelTypes: ['mllama'],
  layout: {
    id: 'mllama',
    signs: [/\bvision_model\.global_transformer\./],
    renames: [[/^vision_model\./, 'model.vision_model.']],
    projector: LLAVA_PROJECTOR,
    vision: {
      roots: ['model.vision_model'],
      stacks: ['model.vision_model.transformer.layers', 'model.vision_model.global_transformer.layers'],
      counts: { 'model.vision_model.global_transformer.layers': 'num_global_layers' },
    },
    language: NESTED,
  },
};
