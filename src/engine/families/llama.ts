import type { Family } from './family.js';
import { FLAT_ROOT, LANGUAGE_KEYS } from './shared.js';
import { TEXT_LAYOUT } from './text.js';

export const llama: Family = {
  modelTypes: ['llama'],
  layout: TEXT_LAYOUT,
  model: {
    name: 'Llama',
    keys: { language: LANGUAGE_KEYS },
    language: {
      root: FLAT_ROOT,
      ropeTheta: 10_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      mlpBias: true,
      axes: 'text',
      sections: [],
    },
  },
};
