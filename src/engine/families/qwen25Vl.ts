import type { Family } from './family.js';
import {
  LANGUAGE_KEYS,
  NESTED,
  NESTED_ROOT,
  QWEN2_MERGER,
  QWEN_MERGER,
  QWEN_NAMES,
  QWEN_PROCESSORS,
  QWEN_TOWER,
  QWEN_VISION,
  QWEN_VISION_KEYS,
} from './shared.js';

/** MiMo-VL, OpenMMReasoner, ReVisual-R1 and MMR1 are finetunes with this model_type. */
export const qwen25Vl: Family = {
  modelTypes: ['qwen2_5_vl'],
  layout: {
    id: 'qwen2_5_vl',
    signs: [/\bvisual\.blocks\.N\.mlp\.gate_proj\./],
    flatLanguage: true,
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  model: {
    name: 'Qwen2.5-VL',
    tiedByText: true,
    keys: {
      language: LANGUAGE_KEYS,
      vision: [
        ...QWEN_VISION_KEYS,
        'fullatt_block_indexes',
        'intermediate_size',
        'out_hidden_size',
        'tokens_per_second',
        'window_size',
      ],
    },
    language: {
      root: NESTED_ROOT,
      ropeTheta: 1_000_000,
      epsilon: 1e-5,
      biases: 'qkv',
      windowsFrom: 80,
      axes: 'sections',
      sections: [16, 24, 24],
    },
    vision: {
      root: QWEN_TOWER,
      names: QWEN_NAMES,
      processors: QWEN_PROCESSORS,
      widthKey: 'hidden_size',
      norm: 'rms',
      activation: 'silu',
      mlp: { kind: 'gated', gate: 'mlp.gate_proj', up: 'mlp.up_proj', down: 'mlp.down_proj' },
      projector: QWEN2_MERGER,
      boxes: 'pixels',
      epsilon: 1e-6,
      ropeTheta: 10_000,
      patchSize: 14,
      windows: { size: 112, fullBlocks: [7, 15, 23, 31] },
    },
  },
  mergekitVision: 'vision_tower',
};
