/** Which settings of a config are understood, and which are refused by name. */
import { quoted, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { isEmpty, type JsonObject, valueOf } from './check.js';

/**
 * Settings of any config that change no layer: what the file is, where it comes from, what concerns training,
 * generation and classification heads. Most are those that transformers gives every config.
 */
const DESCRIPTIVE: ReadonlySet<string> = new Set(
  `add_cross_attention architectures assistant_confidence_threshold assistant_early_exit assistant_ensemble_weight
  assistant_lookbehind attn_implementation auto_map bad_words_ids begin_suppress_tokens cache_config
  cache_implementation chat_format chunk_size_feed_forward compile_config compression_config constraints
  continuous_batching_config cross_attention_hidden_size disable_compile diversity_penalty do_sample dola_layers
  dtype early_stopping embd_pdrop encoder_no_repeat_ngram_size encoder_repetition_penalty epsilon_cutoff eta_cutoff
  exponential_decay_length_penalty finetuning_task force_words_ids gradient_checkpointing guidance_scale
  hidden_dropout id2label ignore_index is_assistant is_decoder is_encoder_decoder is_llama_config
  keys_to_ignore_at_inference label2id length_penalty llm_config low_memory max_cache_len max_length
  max_matching_ngram_size max_new_tokens max_sequence_length max_time max_window_size min_length mrope_section min_new_tokens
  min_p model_max_length model_type no_repeat_ngram_size num_assistant_tokens num_assistant_tokens_schedule
  num_beam_groups num_beams num_labels num_return_sequences output_attentions output_hidden_states output_logits
  output_router_logits output_scores penalty_alpha prefill_chunk_size prefix problem_type prompt_lookup_num_tokens
  pruned_heads quantization_config remove_invalid_values renormalize_logits repetition_penalty resid_pdrop
  return_dict return_dict_in_generate seq_length sequence_bias speculation_type stop_strings suppress_tokens
  target_lookbehind task_specific_params temperature text_config tf_legacy_loss thinker_config tie_encoder_decoder
  token_healing tokenizer_class tokenizer_model_max_length tokenizer_padding_side top_h top_k top_p torch_dtype
  torchscript transformers.js_config transformers_weights trust_remote_code typical_p use_bfloat16 use_cache use_flash_attn use_mtp
  vision_config watermarking_config`.split(/\s+/),
);
/** The same by form: private settings, ids of tokens, versions of tools, marks of a trainer. */
const DESCRIPTIVE_FORM = /^_|_token_ids?$|_token_index$|_version$|^unsloth_/;

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

/** What a family understands, for `refuseForeign`. */
export interface KnownKeys {
  /** The family's name, for people. */
  name: string;
  /** Settings that are read, or have no effect on the family's arithmetic. */
  keys: readonly string[];
}

/**
 * Refuses what would change the arithmetic: settings of other families, and settings that are not known at all. What is
 * null, false, 0 or empty says nothing.
 * @param at the object in the file ("text_config"); empty for the whole file.
 * @throws `unsupported`, naming the first such key and its value.
 */
export function refuseForeign(config: JsonObject, { name, keys }: KnownKeys, file: string, at = ''): void {
  const keyAt = (key: string) => (at === '' ? key : `${at}.${key}`);
  for (const [key, neutral] of Object.entries(FOREIGN)) {
    const value = config[key];
    if (isEmpty(value) || value === neutral || keys.includes(key)) continue;
    throw foreign(file, keyAt(key), value);
  }
  if (config['is_causal'] === false) throw foreign(file, keyAt('is_causal'), false);
  for (const [key, value] of Object.entries(config)) {
    const known = keys.includes(key) || Object.hasOwn(FOREIGN, key) || key === 'is_causal';
    if (known || isEmpty(value) || DESCRIPTIVE.has(key) || DESCRIPTIVE_FORM.test(key)) continue;
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} sets ${quoted(keyAt(key))} to ${valueOf(value)}, ` +
        `which is not known as a setting of ${name} and may change what the model computes. ` +
        'Where it changes nothing, take it out of the file.',
    );
  }
}

/** The refusal of a setting that changes the arithmetic. */
export function foreign(file: string, key: string, value: unknown): FrankensteinError {
  return new FrankensteinError(
    'unsupported',
    `${shown(file)} sets ${quoted(key)} to ${valueOf(value)}, which changes what the model computes ` +
      'and is not built here.',
  );
}
