import type { Family } from './family.js';
import { TEXT_LAYOUT } from './text.js';

export const gptOss: Family = {
  modelTypes: ['gpt_oss'],
  layout: TEXT_LAYOUT,
  interleavedExperts: true,
};
