import type { Family, Layout } from './family.js';

/** Anything with numbered layers and no vision. */
export const TEXT_LAYOUT: Layout = {
  id: 'text',
  signs: [/(?:^|\.)(?:layers|h|blocks)\.N\./],
  projector: [],
  vision: { roots: [], stacks: [] },
  language: {
    roots: ['model', 'transformer', 'gpt_neox', 'wte', 'wpe', 'ln_f'],
    stacks: [
      'model.layers',
      'model.language_model.layers',
      'model.decoder.layers',
      'transformer.h',
      'transformer.layers',
      'gpt_neox.layers',
      'layers',
      'h',
    ],
  },
};

export const text: Family = {
  modelTypes: [
    'qwen2_moe',
    'qwen3_moe',
    'mistral',
    'mixtral',
    'gemma',
    'gemma2',
    'phi',
    'phi3',
    'glm4',
    'internlm2',
    'olmo2',
    'deepseek_v3',
    'gpt2',
    'gpt_neox',
    'smollm3',
  ],
  layout: TEXT_LAYOUT,
};
