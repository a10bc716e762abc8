/**
 * The families this product knows, as data. A new family is one more entry: nothing else in the engine names a model.
 *
 * Paths are canonical (see `names.ts`) and match whole dotted segments: `model.visual` holds `model.visual.merger.norm`
 * and not `model.visually`. Source of the layouts: the weight maps of the published checkpoints and `transformers`.
 */
import type { Component } from './topology.js';

export interface Family {
  /** Names the layout; the family shown for a checkpoint without a config. */
  id: string;
  /** `model_type` values of configs that have this layout. */
  modelTypes: readonly string[];
  /**
   * Recognises the layout without a config: every pattern must fit some name on disk, digits written `N`. Entries are
   * tried in table order, so a special case stands before the general one. Empty: never recognised, only named.
   */
  signs: readonly RegExp[];
  /** On-disk spellings of this family alone, applied before the common ones. Must be idempotent together with them. */
  renames?: readonly (readonly [RegExp, string])[];
  /** The older layout kept the language model at `model.layers`; the newer one at `model.language_model.layers`. */
  flatLanguage?: true;
  projector: readonly string[];
  vision: {
    roots: readonly string[];
    /** Numbered stacks in the order data flows; the index of a later stack continues the former's. */
    stacks: readonly string[];
  };
  language: {
    roots: readonly string[];
    stacks: readonly string[];
  };
  /** Names whose component their segments do not tell. First match wins, before the common rules. */
  components?: readonly (readonly [RegExp, Component])[];
}

/** Nested under `model.language_model` since transformers 4.52, and canonically for all. */
const NESTED = { roots: ['model.language_model'], stacks: ['model.language_model.layers'] } as const;
/** The Qwen vision tower, which GLM-4V shares. The merger is a projector, hence looked for before the tower. */
const QWEN_VISION = { roots: ['model.visual'], stacks: ['model.visual.blocks'] } as const;
const QWEN_MERGER = ['model.visual.merger', 'model.visual.deepstack_merger_list'] as const;
const LLAVA_PROJECTOR = ['model.multi_modal_projector', 'model.image_newline'] as const;

function tower(...stacks: string[]) {
  return { roots: ['model.vision_tower'], stacks: stacks.map((stack) => `model.vision_tower.${stack}`) };
}

export const FAMILIES: readonly Family[] = [
  {
    id: 'qwen2_5_omni',
    modelTypes: ['qwen2_5_omni', 'qwen2_5_omni_thinker'],
    signs: [/\baudio_tower\./, /\bvisual\.merger\./],
    renames: [[/^thinker\./, '']],
    flatLanguage: true,
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'qwen3_5_moe',
    modelTypes: ['qwen3_5_moe'],
    signs: [/\bvisual\.merger\./, /\.linear_attn\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'qwen3_5',
    modelTypes: ['qwen3_5'],
    signs: [/\bvisual\.merger\./, /\.linear_attn\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'qwen3_vl_moe',
    modelTypes: ['qwen3_vl_moe'],
    signs: [/\bvisual\.deepstack_merger_list\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'qwen3_vl',
    modelTypes: ['qwen3_vl'],
    signs: [/\bvisual\.deepstack_merger_list\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'glm4v_moe',
    modelTypes: ['glm4v_moe'],
    signs: [/\bvisual\.merger\.gate_proj\./, /\.mlp\.experts\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'glm4v',
    modelTypes: ['glm4v'],
    signs: [/\bvisual\.merger\.gate_proj\./],
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    // MiMo-VL, OpenMMReasoner, ReVisual-R1 and MMR1 are finetunes with this model_type.
    id: 'qwen2_5_vl',
    modelTypes: ['qwen2_5_vl'],
    signs: [/\bvisual\.blocks\.N\.mlp\.gate_proj\./],
    flatLanguage: true,
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'qwen2_vl',
    modelTypes: ['qwen2_vl'],
    signs: [/\bvisual\.blocks\.N\.mlp\.fcN\./],
    flatLanguage: true,
    projector: QWEN_MERGER,
    vision: QWEN_VISION,
    language: NESTED,
  },
  {
    id: 'internvl_chat',
    modelTypes: ['internvl_chat'],
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
  {
    id: 'internvl',
    modelTypes: ['internvl'],
    signs: [/\bvision_tower\.encoder\.layer\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layer'),
    language: NESTED,
  },
  {
    id: 'mistral3',
    modelTypes: ['mistral3'],
    signs: [/\bmulti_modal_projector\.patch_merger\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('transformer.layers'),
    language: NESTED,
  },
  {
    id: 'kimi_vl',
    modelTypes: ['kimi_vl'],
    signs: [/\bvision_tower\.encoder\.blocks\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.blocks'),
    language: NESTED,
  },
  {
    id: 'gemma3',
    modelTypes: ['gemma3'],
    signs: [/\bmulti_modal_projector\.mm_soft_emb_norm\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layers'),
    language: NESTED,
  },
  {
    id: 'idefics3',
    modelTypes: ['idefics3', 'smolvlm'],
    signs: [/^(?:model\.)?connector\./, /^(?:model\.)?text_model\./],
    // The model without its head, saved alone.
    renames: [[/^(text_model|vision_model|connector)\./, 'model.$1.']],
    projector: ['model.connector'],
    vision: { roots: ['model.vision_model'], stacks: ['model.vision_model.encoder.layers'] },
    language: { roots: ['model.text_model'], stacks: ['model.text_model.layers'] },
  },
  {
    id: 'mllama',
    modelTypes: ['mllama'],
    signs: [/\bvision_model\.global_transformer\./],
    renames: [[/^vision_model\./, 'model.vision_model.']],
    projector: LLAVA_PROJECTOR,
    vision: {
      roots: ['model.vision_model'],
      stacks: ['model.vision_model.transformer.layers', 'model.vision_model.global_transformer.layers'],
    },
    language: NESTED,
  },
  {
    id: 'llama4',
    modelTypes: ['llama4'],
    signs: [/^vision_model\.model\.layers\.N\./],
    projector: LLAVA_PROJECTOR,
    vision: { roots: ['vision_model'], stacks: ['vision_model.model.layers'] },
    language: NESTED,
  },
  {
    // A Pixtral tower inside a LLaVA (`transformer.layers`) has no CLIP stack beside it, so listing both is enough.
    id: 'llava',
    modelTypes: ['llava', 'llava_next', 'llava_onevision', 'vipllava', 'paligemma'],
    signs: [/\bvision_tower\./, /\bmulti_modal_projector\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layers', 'transformer.layers'),
    language: NESTED,
  },
  {
    // Anything with numbered layers and no vision.
    id: 'text',
    modelTypes: [
      'qwen2',
      'qwen2_moe',
      'qwen3',
      'qwen3_moe',
      'llama',
      'mistral',
      'mixtral',
      'gemma',
      'gemma2',
      'gemma3_text',
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
  },
];

/** Vocabulary heads, whatever the family; `embed_out` is GPT-NeoX's, `language_model.output` InternLM2's. */
export const HEADS: readonly string[] = ['lm_head', 'language_model.output', 'embed_out', 'output'];

/** For checkpoints that fit nothing: every tensor is compared, none has a layer. */
export const UNKNOWN_FAMILY: Family = {
  id: 'unknown',
  modelTypes: [],
  signs: [],
  projector: [],
  vision: { roots: [], stacks: [] },
  language: { roots: [], stacks: [] },
};

/** The entry with this id; `UNKNOWN_FAMILY` when there is none. */
export function familyById(id: string): Family {
  return FAMILIES.find((family) => family.id === id) ?? UNKNOWN_FAMILY;
}

/** The entry that lists this `model_type`. */
export function familyByModelType(modelType: string): Family | undefined {
  return FAMILIES.find((family) => family.modelTypes.includes(modelType));
}

/** The first entry whose signs all fit names of the checkpoint. Names as on disk. */
export function familyByNames(onDisk: Iterable<string>): Family | undefined {
  // 50,000 names have about a hundred shapes: matching shapes keeps detection far below a millisecond per name.
  const shapes = new Set<string>();
  for (const name of onDisk) shapes.add(name.replace(/\d+/g, 'N'));
  const list = [...shapes];
  return FAMILIES.find(
    (family) => family.signs.length > 0 && family.signs.every((sign) => list.some((shape) => sign.test(shape))),
  );
}
