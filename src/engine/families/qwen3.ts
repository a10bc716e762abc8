import type { Family } from './family.js';
import { FLAT_ROOT, LANGUAGE_KEYS } from './shared.js';
import { TEXT_LAYOUT } from './text.js';

export const qwen3: Family = {
  modelTypes: ['qwen3'],
  layout: TEXT_LAYOUT,
  model: {
    name: 'Qwen3',
    keys: { language: LANGUAGE_KEYS },
    language: {
      root: FLAT_ROOT,
      ropeTheta: 10_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      qkNorm: true,
      windowsFrom: 28,
      axes: 'text',
      sections: [],
    },
  },
};
