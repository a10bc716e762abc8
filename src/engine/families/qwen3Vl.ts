import type { Family } from './family.js';
import {
  LANGUAGE_KEYS,
  NESTED,
  NESTED_ROOT,
  QWEN3_MERGER,
  QWEN3_VISION,
  QWEN3_VISION_KEYS,
  QWEN_MERGER,
  QWEN_VISION,
} from './shared.js';

export const qwen3Vl: Family = {
  modelTypes: ['qwen3_vl'],
  layout: {
    id: 'qwen3_vl',
    signs: [/\bvisual\.deepstack_merger_list\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  model: {
    name: 'Qwen3-VL',
    keys: {
      language: LANGUAGE_KEYS,
      vision: QWEN3_VISION_KEYS,
    },
    language: {
      root: NESTED_ROOT,
      ropeTheta: 500_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      qkNorm: true,
      axes: 'interleaved',
      sections: [24, 20, 20],
    },
    vision: {
      ...QWEN3_VISION,
      deepstack: { merger: QWEN3_MERGER, blocks: [8, 16, 24] },
    },
  },
  mergekitVision: 'vision_tower',
};
