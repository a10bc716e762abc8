import type { Family } from './family.js';
import { qwen3Vl } from './qwen3Vl.js';
import { EXPERT_KEYS, LANGUAGE_KEYS, QWEN3_VISION_KEYS } from './shared.js';

/** Qwen3-VL whose MLPs are a choice of experts. */
export const qwen3VlMoe: Family = {
  ...qwen3Vl,
  modelTypes: ['qwen3_vl_moe'],
  layout: { ...qwen3Vl.layout, id: 'qwen3_vl_moe', signs: [...qwen3Vl.layout.signs, /\.mlp\.experts\./] },
  model: {
    ...qwen3Vl.model!,
    name: 'Qwen3-VL-MoE',
    keys: {
      language: [...LANGUAGE_KEYS, ...EXPERT_KEYS, 'decoder_sparse_step', 'mlp_only_layers'],
      vision: QWEN3_VISION_KEYS,
    },
    language: { ...qwen3Vl.model!.language, experts: { count: 60, chosen: 4, inner: 1408, someDense: true } },
  },
};
