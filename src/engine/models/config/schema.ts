/**
 * Every setting of a model's config that its graphs are built from: type, range, and what transformers takes for a
 * missing one.
 */
import * as v from 'valibot';
import type { LanguageFamily, VisionFamily } from '../../families/family.js';
import { between, count, flag, index, listOf, positive, text } from './check.js';

const indices = listOf(index, 'a list of whole numbers');
const layerTypes = listOf(text, 'a list of texts');

/** The language model's part. Null only where transformers' classes allow it. */
export function languageSchema(family: LanguageFamily) {
  return v.object({
    vocab_size: v.optional(count),
    hidden_size: v.optional(count),
    intermediate_size: v.optional(count),
    num_attention_heads: count,
    num_key_value_heads: v.nullish(count),
    head_dim: v.nullish(count),
    hidden_act: v.optional(text, 'silu'),
    max_position_embeddings: v.optional(count),
    rms_norm_eps: v.optional(between(0, 1), family.epsilon),
    tie_word_embeddings: v.optional(flag),
    attention_bias: v.optional(flag, false),
    mlp_bias: v.optional(flag, false),
    use_sliding_window: v.nullish(flag),
    sliding_window: v.nullish(count),
    max_window_layers: v.nullish(index),
    layer_types: v.nullish(layerTypes),
    full_attention_interval: v.optional(count),
    linear_conv_kernel_dim: v.optional(count, family.linear?.kernel ?? 1),
    linear_num_key_heads: v.optional(count, family.linear?.keyHeads ?? 1),
    linear_num_value_heads: v.optional(count, family.linear?.valueHeads ?? 1),
    linear_key_head_dim: v.optional(count, family.linear?.keyDim ?? 1),
    linear_value_head_dim: v.optional(count, family.linear?.valueDim ?? 1),
    num_experts: v.optional(count),
    num_local_experts: v.optional(count),
    num_experts_per_tok: v.optional(count, family.experts?.chosen ?? 1),
    moe_intermediate_size: v.optional(count, family.experts?.inner ?? 1),
    shared_expert_intermediate_size: v.optional(count, family.experts?.shared ?? 1),
    norm_topk_prob: v.nullish(flag),
    mlp_only_layers: v.nullish(indices),
    decoder_sparse_step: v.optional(count, 1),
  });
}

/** The vision tower's part, `vision_config`. */
export function visionSchema(family: VisionFamily) {
  return v.object({
    embed_dim: v.optional(count),
    hidden_size: v.optional(count),
    num_heads: v.optional(count, 16),
    hidden_act: v.optional(text, family.activation),
    intermediate_size: v.optional(count),
    mlp_ratio: v.optional(positive),
    in_channels: v.optional(count, 3),
    patch_size: v.optional(count, family.patchSize),
    spatial_merge_size: v.optional(count, 2),
    temporal_patch_size: v.optional(count, 2),
    out_hidden_size: v.optional(count),
    num_position_embeddings: v.optional(count),
    window_size: v.optional(count, family.windows?.size ?? 112),
    fullatt_block_indexes: v.optional(indices, [...(family.windows?.fullBlocks ?? [])]),
    deepstack_visual_indexes: v.optional(indices, [...(family.deepstack?.blocks ?? [])]),
  });
}

const side = v.union([count, listOf(count, 'a list of whole numbers')], 'a whole number of at least 1, or two');

/** `vision_config` of a tower that sees squares of one size. */
export function squareSchema(family: VisionFamily) {
  return v.object({
    hidden_size: v.optional(count),
    intermediate_size: v.optional(count),
    num_attention_heads: v.optional(count, 16),
    num_channels: v.optional(count, 3),
    image_size: v.optional(side, family.square!.imageSize),
    patch_size: v.optional(side, family.patchSize),
    hidden_act: v.optional(text, family.activation),
    layer_norm_eps: v.optional(between(0, 1), family.epsilon),
    norm_type: v.optional(text, 'layer_norm'),
    attention_bias: v.optional(flag),
    qkv_bias: v.optional(flag),
    use_qk_norm: v.optional(flag, false),
    qk_normalization: v.optional(flag, false),
    use_mean_pooling: v.optional(flag, true),
    use_absolute_position_embeddings: v.optional(flag, true),
  });
}

/** What maps the features of such a tower to the language model; above both parts. */
export const projectorSchema = v.object({
  downsample_ratio: v.optional(positive, 0.5),
  projector_hidden_act: v.optional(text, 'gelu'),
  vision_feature_layer: v.optional(v.unknown(), -1),
  select_layer: v.optional(v.unknown(), -1),
  vision_feature_select_strategy: v.optional(v.unknown(), 'default'),
});

/** What stands above both parts. */
export const modelSchema = v.object({
  tie_word_embeddings: v.optional(flag),
  image_token_id: v.optional(index),
});

export type LanguageSettings = v.InferOutput<ReturnType<typeof languageSchema>>;
export type VisionSettings = v.InferOutput<ReturnType<typeof visionSchema>>;
export type SquareSettings = v.InferOutput<ReturnType<typeof squareSchema>>;
