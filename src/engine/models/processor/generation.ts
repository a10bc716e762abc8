/** Where generation stops, what pads a batch, and how long a prompt may be. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { malformed } from '../../checkpoint/failure.js';
import { isRecord, readJson, type JsonObject } from './files.js';
import type { TextTokenizer } from './tokenizer.js';

export interface GenerationSettings {
  /** Ids after any of which the answer is complete. */
  stopTokens: readonly number[];
  padToken: number;
  /** Tokens, prompt and answer together; undefined when no file says. */
  contextLength: number | undefined;
}

/**
 * From generation_config.json, then config.json, then the tokenizer. Transformers looks no further than a
 * generation_config.json that names no end, and writes on to the limit; here the answer ends, and a notice says so
 * (`generation/settings`).
 * @throws `malformed`, `permission`, `cancelled`
 */
export async function readGenerationSettings(
  checkpoint: Checkpoint,
  tokenizer: TextTokenizer,
  signal?: AbortSignal,
): Promise<GenerationSettings> {
  const file = checkpoint.files.get('generation_config.json') ?? 'generation_config.json';
  const generation = checkpoint.files.has('generation_config.json') ? await readJson(file, signal) : {};
  const config = checkpoint.config ?? {};
  const text = textConfig(config);
  const stops =
    ids(generation['eos_token_id'], file) ??
    ids(config['eos_token_id'], 'config.json') ??
    ids(text['eos_token_id'], 'config.json') ??
    named(tokenizer, 'eos_token') ??
    [];
  const pad =
    ids(generation['pad_token_id'], file) ??
    named(tokenizer, 'pad_token') ??
    ids(config['pad_token_id'], 'config.json') ??
    ids(text['pad_token_id'], 'config.json');
  const positions = text['max_position_embeddings'] ?? config['max_position_embeddings'];
  return {
    stopTokens: [...new Set(stops)],
    padToken: pad?.[0] ?? stops[0] ?? 0,
    contextLength: typeof positions === 'number' && positions > 0 ? positions : undefined,
  };
}

/** The language model's part of a config, which families keep in different places. */
export function textConfig(config: JsonObject): JsonObject {
  const thinker = isRecord(config['thinker_config']) ? config['thinker_config'] : {};
  return [config['text_config'], config['llm_config'], thinker['text_config']].find(isRecord) ?? config;
}

function ids(value: unknown, file: string): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw malformed(file, 'has an empty list of end or padding tokens.');
  if (!list.every((id) => Number.isInteger(id)))
    throw malformed(file, 'has an end or padding token that is no whole number.');
  return list as number[];
}

function named(tokenizer: TextTokenizer, name: string): number[] | undefined {
  const token = tokenizer.namedTokens[name];
  const id = token === undefined ? undefined : tokenizer.idOf(token);
  return id === undefined ? undefined : [id];
}
