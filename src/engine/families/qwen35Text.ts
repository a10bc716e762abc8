import type { Family } from './family.js';
import { QWEN35_LANGUAGE, QWEN35_LANGUAGE_KEYS } from './qwen35.js';
import { FLAT_ROOT } from './shared.js';
import { TEXT_LAYOUT } from './text.js';

/** The language model of Qwen3.5 alone, as transformers' class for text saves it. */
export const qwen35Text: Family = {
  modelTypes: ['qwen3_5_text'],
  layout: TEXT_LAYOUT,
  model: {
    name: 'Qwen3.5 (text)',
    unused: ['mtp'],
    keys: { language: QWEN35_LANGUAGE_KEYS },
    language: { ...QWEN35_LANGUAGE, root: FLAT_ROOT, axes: 'text', sections: [] },
  },
};
