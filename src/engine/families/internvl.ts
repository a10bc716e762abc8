import type { Family, LanguageFamily, VisionFamily } from './family.js';
import { llama } from './llama.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { LANGUAGE_KEYS, LLAVA_PROJECTOR, NESTED, NESTED_ROOT, tower, VIT_KEYS } from './shared.js';

/** Language models that stand in InternVL, by `model_type`. */
export const INTERNVL_LANGUAGES: Readonly<Record<string, LanguageFamily>> = {
  qwen2: { ...qwen2.model!.language, root: NESTED_ROOT },
  qwen3: { ...qwen3.model!.language, root: NESTED_ROOT },
  llama: { ...llama.model!.language, root: NESTED_ROOT },
};

/** Settings of the tower under any of its two spellings. */
export const INTERNVL_VISION_KEYS = [
  ...VIT_KEYS,
  'drop_path_rate',
  'dropout',
  'initializer_factor',
  'norm_type',
] as const;

/** What both layouts of InternVL have. */
export const INTERNVL_VISION = {
  widthKey: 'hidden_size',
  norm: 'layer',
  mlp: { kind: 'plain', first: 'mlp.fc1', second: 'mlp.fc2' },
  activation: 'gelu',
  patchSize: 14,
  epsilon: 1e-6,
  boxes: 'thousandths',
} as const satisfies Partial<VisionFamily>;

const PROJECTOR = 'model.multi_modal_projector';

/** InternVL3 and 3.5 as transformers has them (`-hf`). */
export const internvl: Family = {
  modelTypes: ['internvl'],
  layout: {
    id: 'internvl',
    signs: [/\bvision_tower\.encoder\.layer\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layer'),
    language: NESTED,
  },
  model: {
    name: 'InternVL',
    tiedByDefault: true,
    // A masked position is an input of training.
    unused: ['model.vision_tower.embeddings.mask_token'],
    keys: {
      language: LANGUAGE_KEYS,
      vision: [
        ...INTERNVL_VISION_KEYS,
        'attention_bias',
        'hidden_dropout_prob',
        'layer_scale_init_value',
        'projection_dropout',
        'use_absolute_position_embeddings',
        'use_mask_token',
        'use_mean_pooling',
        'use_qk_norm',
      ],
      model: [
        'downsample_ratio',
        'image_seq_length',
        'projector_hidden_act',
        'vision_feature_layer',
        'vision_feature_select_strategy',
      ],
    },
    language: INTERNVL_LANGUAGES['qwen2']!,
    languages: INTERNVL_LANGUAGES,
    vision: {
      ...INTERNVL_VISION,
      root: 'model.vision_tower',
      names: {
        patches: 'embeddings.patch_embeddings.projection',
        blocks: 'encoder.layer',
        norm1: 'layernorm_before',
        qkv: ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
        output: 'attention.projection_layer',
        norm2: 'layernorm_after',
      },
      square: {
        imageSize: 448,
        heads: 16,
        positions: 'embeddings.position_embeddings',
        classToken: 'embeddings.cls_token',
        scales: ['lambda_1', 'lambda_2'],
        qkNorm: { key: 'use_qk_norm', names: ['attention.q_norm', 'attention.k_norm'] },
        biasKey: { key: 'attention_bias', otherwise: false },
        finalNorm: 'layernorm',
        withoutFinalNorm: 'use_mean_pooling',
      },
      projector: {
        kind: 'joined',
        norm: `${PROJECTOR}.layer_norm`,
        first: `${PROJECTOR}.linear_1`,
        second: `${PROJECTOR}.linear_2`,
      },
      processors: ['GotOcr2ImageProcessor'],
      imageToken: 151_667,
      prompt: { placeholder: '<IMG_CONTEXT>', text: '<img><IMG_CONTEXT></img>', image: '<IMG_CONTEXT>' },
    },
  },
};
