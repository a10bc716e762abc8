import type { Family } from './family.js';
import { INTERNVL_LANGUAGES, INTERNVL_VISION, INTERNVL_VISION_KEYS } from './internvl.js';
import { LANGUAGE_KEYS } from './shared.js';

/** InternVL3 and 3.5 as published with code of their own. */
export const internvlChat: Family = {
  modelTypes: ['internvl_chat'],
  layout: {
    id: 'internvl_chat',
    signs: [/^vision_model\.encoder\.layers\.N\./, /^mlpN\./],
    projector: ['mlp1'],
    vision: { roots: ['vision_model'], stacks: ['vision_model.encoder.layers'] },
    // InternLM2 inside names its head `language_model.output`.
    language: { roots: ['model.language_model', 'language_model'], stacks: ['model.language_model.layers'] },
    components: [
      [/^mlp1\.0\./, 'norm'],
      [/^mlp1\./, 'mlp'],
    ],
  },
  model: {
    name: 'InternVL (internvl_chat)',
    tiedByText: true,
    keys: {
      language: [
        ...LANGUAGE_KEYS,
        // Of a training with experts, null or unused in published files.
        'moe_config',
        'use_deepep',
      ],
      vision: [
        ...INTERNVL_VISION_KEYS,
        'qk_normalization',
        'qkv_bias',
        // Of a tower with experts, which `use_moe` turns on; published files have the rest whatever it says.
        'capacity_factor',
        'eval_capacity_factor',
        'laux_allreduce',
        'moe_coeff_ratio',
        'moe_intermediate_size',
        'moe_output_scale',
        'noisy_gate_policy',
        'num_experts',
        'num_routed_experts',
        'num_shared_experts',
        'shared_expert_intermediate_size',
        'use_moe',
        'use_residual',
        'use_rts',
        'use_weighted_residual',
      ],
      model: [
        'downsample_ratio',
        'dynamic_image_size',
        'force_image_size',
        'max_dynamic_patch',
        'min_dynamic_patch',
        'ps_version',
        'select_layer',
        // What a training adapted, and the conversation of the published code: prompts come from the chat template.
        'system_message',
        'template',
        'use_backbone_lora',
        'use_llm_lora',
        'use_thumbnail',
      ],
    },
    language: INTERNVL_LANGUAGES['qwen2']!,
    languages: INTERNVL_LANGUAGES,
    vision: {
      ...INTERNVL_VISION,
      root: 'vision_model',
      names: {
        patches: 'embeddings.patch_embedding',
        blocks: 'encoder.layers',
        norm1: 'norm1',
        qkv: ['attn.qkv'],
        output: 'attn.proj',
        norm2: 'norm2',
      },
      square: {
        imageSize: 448,
        positions: 'embeddings.position_embedding',
        classToken: 'embeddings.class_embedding',
        scales: ['ls1', 'ls2'],
        qkNorm: { key: 'qk_normalization', names: ['attn.q_norm', 'attn.k_norm'] },
        biasKey: { key: 'qkv_bias', otherwise: true },
      },
      projector: {
        kind: 'joined',
        norm: 'mlp1.0',
        first: 'mlp1.1',
        second: 'mlp1.3',
        version: { key: 'ps_version', built: 'v2' },
      },
      processors: [],
      squares: 'config',
      imageToken: 'tokenizer',
      prompt: { placeholder: '<image>', words: '<image>\n', text: '<img><IMG_CONTEXT></img>', image: '<IMG_CONTEXT>' },
    },
  },
};
