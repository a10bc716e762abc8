/** Settings that change what a layer computes and that no family here has: other families' arithmetic under a known name. */
import { quoted, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { isEmpty, type JsonObject, valueOf } from './check.js';

/** With the value, besides null, false, 0 and empty, that changes nothing. */
const FOREIGN: Readonly<Record<string, unknown>> = {
  // Scales of states, scores and logits.
  attention_multiplier: undefined,
  attn_logit_softcapping: undefined,
  attn_temperature_tuning: undefined,
  dim_model_base: undefined,
  embedding_multiplier: 1,
  final_logit_softcapping: undefined,
  key_multiplier: 1,
  lm_head_multiplier: 1,
  logit_scale: 1,
  logits_mup_width_multiplier: 1,
  logits_scaling: 1,
  mup_enabled: undefined,
  query_pre_attn_scalar: undefined,
  residual_multiplier: 1,
  scale_attn_by_inverse_layer_idx: undefined,
  scale_depth: 1,
  scale_emb: 1,
  // Another attention.
  alibi: undefined,
  attention_chunk_size: undefined,
  attention_sinks: undefined,
  clip_qkv: undefined,
  kv_lora_rank: undefined,
  num_kv_shared_layers: undefined,
  q_lora_rank: undefined,
  qk_layernorm: undefined,
  use_bidirectional_attention: undefined,
  use_qk_norm: undefined,
  // Another rotation.
  no_rope_layer_interval: undefined,
  no_rope_layers: undefined,
  rope_local_base_freq: undefined,
  rotary_pct: 1,
  sliding_window_pattern: undefined,
  // Other layers.
  hidden_size_per_layer_input: undefined,
  moe_intermediate_size: undefined,
  n_routed_experts: undefined,
  num_experts: undefined,
  num_local_experts: undefined,
  parallel_attn: undefined,
  per_layer_config: undefined,
  use_parallel_residual: undefined,
  // Another vision tower.
  layer_scale_init_value: undefined,
  use_absolute_position_embeddings: undefined,
};

/**
 * @param at the object in the file ("text_config"); empty for the whole file.
 * @throws `unsupported`, naming the first such key and its value.
 */
export function refuseForeign(config: JsonObject, file: string, at = ''): void {
  for (const [key, neutral] of Object.entries(FOREIGN)) {
    const value = config[key];
    if (isEmpty(value) || value === neutral) continue;
    throw foreign(file, at === '' ? key : `${at}.${key}`, value);
  }
  if (config['is_causal'] === false) throw foreign(file, 'is_causal', false);
}

/** The refusal of a setting that changes the arithmetic. */
export function foreign(file: string, key: string, value: unknown): FrankensteinError {
  return new FrankensteinError(
    'unsupported',
    `${shown(file)} sets ${quoted(key)} to ${valueOf(value)}, which changes what the model computes and is not built here.`,
  );
}
