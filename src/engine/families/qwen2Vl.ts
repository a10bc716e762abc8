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

export const qwen2Vl: Family = {
  modelTypes: ['qwen2_vl'],
  layout: {
    id: 'qwen2_vl',
    signs: [/\bvisual\.blocks\.N\.mlp\.fcN\./],
    flatLanguage: true,
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  model: {
    name: 'Qwen2-VL',
    tiedByText: true,
    keys: { language: LANGUAGE_KEYS, vision: [...QWEN_VISION_KEYS, 'embed_dim', 'mlp_ratio'] },
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
      widthKey: 'embed_dim',
      norm: 'layer',
      activation: 'quick_gelu',
      mlp: { kind: 'plain', first: 'mlp.fc1', second: 'mlp.fc2' },
      projector: QWEN2_MERGER,
      boxes: 'thousandths',
      epsilon: 1e-6,
      ropeTheta: 10_000,
      patchSize: 14,
    },
  },
  mergekitVision: 'vision_tower',
};
