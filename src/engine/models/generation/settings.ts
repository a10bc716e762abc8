/**
 * How a checkpoint's authors generate, from its generation_config.json: what is applied here, and what is not, by name.
 */
import path from 'node:path';
import * as v from 'valibot';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { quoted, shown } from '../../checkpoint/failure.js';
import { textConfig } from '../../topology/model.js';
import {
  between,
  checked,
  finite,
  flag,
  index,
  isEmpty,
  type JsonObject,
  listOf,
  outOfRange,
  positive,
  valueOf,
} from '../config/check.js';
import { readJson } from '../processor/files.js';
import type { LogitsRules } from './logits.js';

export interface GenerationDefaults {
  rules: LogitsRules;
  /** Where a request draws tokens but says nothing of these. */
  topK: number | undefined;
  topP: number | undefined;
  /**
   * Sentences about settings that are not applied, and about an end that only the tokenizer names. `sampled`: when
   * tokens are drawn; `stopTokens`: after which answers end here.
   */
  notices: (sampled: boolean, stopTokens: readonly number[]) => string[];
}

/** Settings that change logits, or where an answer ends. */
export const APPLIED = [
  'sequence_bias',
  'encoder_repetition_penalty',
  'repetition_penalty',
  'no_repeat_ngram_size',
  'encoder_no_repeat_ngram_size',
  'bad_words_ids',
  'min_length',
  'min_new_tokens',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'remove_invalid_values',
  'exponential_decay_length_penalty',
  'suppress_tokens',
  'begin_suppress_tokens',
  'eos_token_id',
  'pad_token_id',
  'top_k',
  'top_p',
];

/**
 * The request decides these, or they change no token: length, caches, compilation, what is returned, drafts that are
 * checked.
 */
export const WITHOUT_EFFECT = [
  'max_length',
  'max_new_tokens',
  'do_sample',
  'temperature',
  'early_stopping',
  'length_penalty',
  'num_beam_groups',
  'diversity_penalty',
  'use_mtp',
  'use_cache',
  'max_cache_len',
  'renormalize_logits',
  'output_attentions',
  'output_hidden_states',
  'output_scores',
  'output_logits',
  'return_dict_in_generate',
  'bos_token_id',
  'decoder_start_token_id',
  'num_assistant_tokens',
  'num_assistant_tokens_schedule',
  'assistant_confidence_threshold',
  'prompt_lookup_num_tokens',
  'max_matching_ngram_size',
  'assistant_early_exit',
  'assistant_lookbehind',
  'target_lookbehind',
  'speculation_type',
  'compile_config',
  'disable_compile',
  'continuous_batching_config',
  'low_memory',
  'prefill_chunk_size',
  '_from_model_config',
  'transformers_version',
];

/** Settings of drawing that are not built here; greedy answers do not depend on them. */
export const WHEN_DRAWN = ['min_p', 'top_h', 'typical_p', 'epsilon_cutoff', 'eta_cutoff'];

/** Settings that would make other answers and are not built here. */
export const NOT_APPLIED = [
  'num_beams',
  'penalty_alpha',
  'dola_layers',
  'constraints',
  'force_words_ids',
  'guidance_scale',
  'watermarking_config',
  'stop_strings',
  'max_time',
  'token_healing',
  'num_return_sequences',
  'is_assistant',
  'assistant_ensemble_weight',
  'cache_implementation',
  'cache_config',
];

/** With these values, besides null, false, 0 and empty, a setting does nothing. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  num_beams: [1],
  num_return_sequences: [1],
  guidance_scale: [1],
  typical_p: [1],
  cache_implementation: ['dynamic', 'static', 'offloaded', 'offloaded_static', 'hybrid', 'sliding_window', 'paged'],
};

/** Keys that other programs write, and that mean nothing to an answer. */
const OF_OTHERS = ['_commit_hash', '_name_or_path', 'chat_format', 'max_window_size', 'trust_remote_code', 'tp_size'];

const tokens = listOf(index, 'a list of token ids');
const anyIds = v.array(v.pipe(v.number('a whole number'), v.integer('a whole number')), 'a list of token ids');
const sequences = (message: string) =>
  v.pipe(v.array(v.pipe(tokens, v.minLength(1, 'at least one token id')), message), v.minLength(1, message));

const RULES = v.object({
  sequence_bias: v.nullish(
    v.pipe(
      v.array(
        v.tuple([v.pipe(tokens, v.minLength(1, 'at least one token id')), finite], 'a list of token ids and its bias'),
        'a list of token ids with their biases',
      ),
      v.minLength(1, 'at least one list of token ids with its bias'),
    ),
  ),
  encoder_repetition_penalty: v.nullish(positive),
  repetition_penalty: v.nullish(positive),
  no_repeat_ngram_size: v.nullish(index),
  encoder_no_repeat_ngram_size: v.nullish(index),
  bad_words_ids: v.nullish(sequences('a list of lists of token ids')),
  min_length: v.nullish(index),
  min_new_tokens: v.nullish(index),
  forced_bos_token_id: v.nullish(index),
  forced_eos_token_id: v.nullish(v.union([index, tokens], 'a token id or a list of them')),
  remove_invalid_values: v.nullish(flag),
  exponential_decay_length_penalty: v.nullish(v.tuple([index, positive], 'a number of tokens and a factor')),
  suppress_tokens: v.nullish(anyIds),
  begin_suppress_tokens: v.nullish(anyIds),
  top_k: v.nullish(index),
  top_p: v.nullish(between(0, 1)),
});

const FILE = 'generation_config.json';

/**
 * What the checkpoint's files say about generating. Without generation_config.json the config's own keys count, as in
 * transformers.
 * @throws `malformed` with the setting's name and value; `permission`.
 */
export async function readGenerationDefaults(checkpoint: Checkpoint): Promise<GenerationDefaults> {
  const file = checkpoint.files.get(FILE);
  const given = file === undefined ? fromConfig(checkpoint.config ?? {}) : await readJson(file);
  const named = file ?? path.join(checkpoint.folder, 'config.json');
  const settings = checked(RULES, given, named);
  const rules = rulesOf(settings);
  checkVocabulary(rules, checkpoint, named);
  return {
    rules,
    topK: settings.top_k ?? undefined,
    topP: settings.top_p ?? undefined,
    notices: (sampled, stopTokens) => [
      ...noticesOf(given, named, sampled, file !== undefined),
      ...endNotice(given, named, stopTokens),
    ],
  };
}

function rulesOf(settings: v.InferOutput<typeof RULES>): LogitsRules {
  const unless = (value: number | null | undefined, neutral: number) =>
    value === undefined || value === null || value === neutral ? undefined : value;
  const last = settings.forced_eos_token_id;
  return {
    sequenceBias: settings.sequence_bias?.map(([ids, bias]) => ({ tokens: ids, bias })),
    encoderRepetitionPenalty: unless(settings.encoder_repetition_penalty, 1),
    repetitionPenalty: unless(settings.repetition_penalty, 1),
    noRepeatNgramSize: unless(settings.no_repeat_ngram_size, 0),
    encoderNoRepeatNgramSize: unless(settings.encoder_no_repeat_ngram_size, 0),
    badWords: settings.bad_words_ids ?? undefined,
    minLength: unless(settings.min_length, 0),
    minNewTokens: settings.min_new_tokens ?? undefined,
    forcedFirst: settings.forced_bos_token_id ?? undefined,
    forcedLast: typeof last === 'number' ? [last] : (last ?? undefined),
    removeInvalid: settings.remove_invalid_values ?? undefined,
    decay: settings.exponential_decay_length_penalty ?? undefined,
    suppressed: settings.suppress_tokens ?? undefined,
    suppressedFirst: settings.begin_suppress_tokens ?? undefined,
  };
}

/** Ids that a setting makes likelier must exist; those that it bans need not. */
function checkVocabulary(rules: LogitsRules, { tensors, config }: Checkpoint, file: string): void {
  const stored = [...tensors].find(([name]) => name.endsWith('embed_tokens.weight'))?.[1].shape[0];
  const size = stored ?? textConfig(config ?? {})['vocab_size'];
  if (typeof size !== 'number') return;
  const settings: [key: string, ids: readonly number[]][] = [
    ['sequence_bias', rules.sequenceBias?.flatMap((one) => one.tokens) ?? []],
    ['bad_words_ids', rules.badWords?.flat() ?? []],
    ['forced_bos_token_id', rules.forcedFirst === undefined ? [] : [rules.forcedFirst]],
    ['forced_eos_token_id', rules.forcedLast ?? []],
  ];
  for (const [key, ids] of settings) {
    const stranger = ids.find((id) => id >= size);
    if (stranger !== undefined) throw outOfRange(file, key, stranger, `an id within the vocabulary of ${size}`);
  }
}

/** The generation keys of a config: outer ones before those of its language model. */
function fromConfig(config: JsonObject): JsonObject {
  const known = new Set([...APPLIED, ...WHEN_DRAWN, ...NOT_APPLIED]);
  const kept = (object: JsonObject) =>
    Object.entries(object).filter(([key, value]) => known.has(key) && value !== null);
  return Object.fromEntries([...kept(textConfig(config)), ...kept(config)]);
}

/** Transformers looks for the end in one file only. */
function endNotice(given: JsonObject, file: string, stopTokens: readonly number[]): string[] {
  if (!isEmpty(given['eos_token_id']) || given['eos_token_id'] === 0 || stopTokens.length === 0) return [];
  return [
    `${shown(file)} does not set "eos_token_id": transformers would write on to the limit. Here an answer ends with token ` +
      `${stopTokens.join(' or ')}, which another file names as the end.`,
  ];
}

function noticesOf(given: JsonObject, file: string, sampled: boolean, own: boolean): string[] {
  const unset = (key: string) => isEmpty(given[key]) || (NEUTRAL[key]?.includes(given[key]) ?? false);
  const known = new Set([...APPLIED, ...WITHOUT_EFFECT, ...WHEN_DRAWN, ...NOT_APPLIED, ...OF_OTHERS]);
  const unknown = own ? Object.keys(given).filter((key) => !known.has(key) && !isEmpty(given[key])) : [];
  return [
    ...[...NOT_APPLIED, ...(sampled ? WHEN_DRAWN : [])]
      .filter((key) => !unset(key))
      .map(
        (key) =>
          `${shown(file)} sets ${quoted(key)} to ${valueOf(given[key])}, which is not applied here: ` +
          `answers may differ from transformers'.`,
      ),
    ...unknown.map(
      (key) =>
        `${shown(file)} sets ${quoted(key)} to ${valueOf(given[key])}, which transformers does not know; ` +
        'it is not applied.',
    ),
  ];
}
