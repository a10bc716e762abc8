import type { Family } from './family.js';
import { FLAT_ROOT, LANGUAGE_KEYS } from './shared.js';
import { TEXT_LAYOUT } from './text.js';

export const qwen2: Family = {
  modelTypes: ['qwen2'],
  layout: TEXT_LAYOUT,
  model: {
    name: 'Qwen2 and Qwen2.5',
    keys: { language: LANGUAGE_KEYS },
    language: {
      root: FLAT_ROOT,
      ropeTheta: 10_000,
      epsilon: 1e-6,
      biases: 'qkv',
      windowsFrom: 28,
      axes: 'text',
      sections: [],
    },
  },
};
