import type { Family } from './family.js';

export const internvlChat: Family = {
  modelTypes: ['internvl_chat'],
  layout: {
    id: 'internvl_chat',
    signs: [/^vision_model\.encoder\.layers\.N\./, /^mlpN\./],
    projector: ['mlp1'],
    vision: { roots: ['vision_model'], stacks: ['vision_model.encoder.layers'] },
    // InternLM2 inside names its head `language_model.output`.
    language: { roots: ['model.language_model', 'language_model'], stacks: ['model.language_model.layers'] },
    components: [
      [/^mlp1\.0\./, 'norm'],
      [/^mlp1\./, 'mlp'],
    ],
  },
};
