import type { Family } from './family.js';

export const idefics3: Family = {
  modelTypes: ['idefics3', 'smolvlm'],
  layout: {
    id: 'idefics3',
    signs: [/^(?:model\.)?connector\./, /^(?:model\.)?text_model\./],
    // The model without its head, saved alone.
    renames: [[/^(text_model|vision_model|connector)\./, 'model.$1.']],
    projector: ['model.connector'],
    vision: { roots: ['model.vision_model'], stacks: ['model.vision_model.encoder.layers'] },
    language: { roots: ['model.text_model'], stacks: ['model.text_model.layers'] },
  },
};
