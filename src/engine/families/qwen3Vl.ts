import type { Family } from './family.js';
import {
  LANGUAGE_KEYS,
  NESTED,
  NESTED_ROOT,
  QWEN3_MERGER,
  QWEN_MERGER,
  QWEN_PROCESSORS,
  QWEN_TOWER,
  QWEN_VISION,
  QWEN_VISION_KEYS,
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
      vision: [
        ...QWEN_VISION_KEYS,
        'deepstack_visual_indexes',
        'intermediate_size',
        'num_position_embeddings',
        'out_hidden_size',
      ],
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
      root: QWEN_TOWER,
      processors: QWEN_PROCESSORS,
      widthKey: 'hidden_size',
      norm: 'layer',
      activation: 'gelu_pytorch_tanh',
      mlp: { kind: 'plain', first: 'mlp.linear_fc1', second: 'mlp.linear_fc2' },
      merger: QWEN3_MERGER,
      boxes: 'thousandths',
      epsilon: 1e-6,
      ropeTheta: 10_000,
      patchSize: 16,
      positionTable: true,
      deepstack: { merger: QWEN3_MERGER, blocks: [8, 16, 24] },
    },
  },
  mergekitVision: 'vision_tower',
};
