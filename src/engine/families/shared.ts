/** What several families have in common. */
import type { SquareTower, TowerNames, VisionFamily } from './family.js';

/** Nested under `model.language_model` since transformers 4.52, and canonically for all. */
export const NESTED = { roots: ['model.language_model'], stacks: ['model.language_model.layers'] } as const;
/** The Qwen vision tower, which GLM-4V shares. The merger is a projector, hence looked for before the tower. */
export const QWEN_VISION = { roots: ['model.visual'], stacks: ['model.visual.blocks'] } as const;
export const QWEN_MERGER = ['model.visual.merger', 'model.visual.deepstack_merger_list'] as const;
export const LLAVA_PROJECTOR = ['model.multi_modal_projector', 'model.image_newline'] as const;

export function tower(...stacks: string[]) {
  return { roots: ['model.vision_tower'], stacks: stacks.map((stack) => `model.vision_tower.${stack}`) };
}

/** Canonical paths above `layers`, `embed_tokens` and `norm`. */
export const NESTED_ROOT = 'model.language_model';
export const FLAT_ROOT = 'model';
/** Of the Qwen vision tower. */
export const QWEN_TOWER = 'model.visual';

export const QWEN_NAMES: TowerNames = {
  patches: 'patch_embed.proj',
  blocks: 'blocks',
  norm1: 'norm1',
  qkv: ['attn.qkv'],
  output: 'attn.proj',
  norm2: 'norm2',
};

const MERGER = { kind: 'merger', root: `${QWEN_TOWER}.merger` } as const;
export const QWEN2_MERGER = { ...MERGER, norm: 'ln_q', first: 'mlp.0', second: 'mlp.2' } as const;
export const QWEN3_MERGER = { ...MERGER, norm: 'norm', first: 'linear_fc1', second: 'linear_fc2' } as const;

/**
 * Image processors as transformers names them, without the suffixes of its backends. Different names of one processor.
 */
export const QWEN_PROCESSORS = ['Qwen2VLImageProcessor', 'Qwen2_5_VLImageProcessor', 'Qwen3VLImageProcessor'] as const;

/** Settings of every language model here; `pretraining_tp` cut matrices into parts with the same result. */
export const LANGUAGE_KEYS = [
  'attention_bias',
  'attention_dropout',
  'head_dim',
  'hidden_act',
  'hidden_size',
  'initializer_range',
  'intermediate_size',
  'layer_types',
  'max_position_embeddings',
  'max_window_layers',
  'mlp_bias',
  'num_attention_heads',
  'num_hidden_layers',
  'num_key_value_heads',
  'original_max_position_embeddings',
  'partial_rotary_factor',
  'pretraining_tp',
  'rms_norm_eps',
  'rope_parameters',
  'rope_scaling',
  'rope_theta',
  'sliding_window',
  'tie_word_embeddings',
  'use_sliding_window',
  'vocab_size',
] as const;

/** Settings of experts; what concerns the router's loss is for training. */
export const EXPERT_KEYS = [
  'moe_intermediate_size',
  'norm_topk_prob',
  'num_experts',
  'num_experts_per_tok',
  'num_local_experts',
  'router_aux_loss_coef',
] as const;

/** Settings of every Qwen vision tower; `in_chans` and `spatial_patch_size` are read by nobody. */
export const QWEN_VISION_KEYS = [
  'depth',
  'hidden_act',
  'hidden_size',
  'in_channels',
  'in_chans',
  'initializer_range',
  'num_heads',
  'patch_size',
  'rope_parameters',
  'rope_scaling',
  'rope_theta',
  'spatial_merge_size',
  'spatial_patch_size',
  'temporal_patch_size',
  'tie_word_embeddings',
] as const;

/** Settings of the vision tower since Qwen3-VL. */
export const QWEN3_VISION_KEYS = [
  ...QWEN_VISION_KEYS,
  'deepstack_visual_indexes',
  'intermediate_size',
  'num_position_embeddings',
  'out_hidden_size',
] as const;

/** The vision tower since Qwen3-VL, without DeepStack. */
export const QWEN3_VISION: VisionFamily = {
  root: QWEN_TOWER,
  names: QWEN_NAMES,
  processors: QWEN_PROCESSORS,
  widthKey: 'hidden_size',
  norm: 'layer',
  activation: 'gelu_pytorch_tanh',
  mlp: { kind: 'plain', first: 'mlp.linear_fc1', second: 'mlp.linear_fc2' },
  projector: QWEN3_MERGER,
  boxes: 'thousandths',
  epsilon: 1e-6,
  ropeTheta: 10_000,
  patchSize: 16,
  positionTable: true,
};

/** Settings of every tower that sees squares of one size. */
export const VIT_KEYS = [
  'attention_dropout',
  'hidden_act',
  'hidden_size',
  'image_size',
  'initializer_range',
  'intermediate_size',
  'layer_norm_eps',
  'num_attention_heads',
  'num_channels',
  'num_hidden_layers',
  'patch_size',
] as const;

/** SigLIP's tower. */
export const SIGLIP = {
  names: {
    patches: 'embeddings.patch_embedding',
    blocks: 'encoder.layers',
    norm1: 'layer_norm1',
    qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
    output: 'self_attn.out_proj',
    norm2: 'layer_norm2',
  },
  widthKey: 'hidden_size',
  norm: 'layer',
  mlp: { kind: 'plain', first: 'mlp.fc1', second: 'mlp.fc2' },
  activation: 'gelu_pytorch_tanh',
  epsilon: 1e-6,
} as const satisfies Partial<VisionFamily>;

/** What is square about it, where sizes are a config's to omit. */
export const SIGLIP_SQUARE = {
  imageSize: 224,
  positions: 'embeddings.position_embedding.weight',
  finalNorm: 'post_layernorm',
} as const satisfies Partial<SquareTower>;
