/** What a checkpoint says about generating: stop tokens and sampling, from generation_config.json, else config.json. */
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { parsePythonJson } from '../checkpoint/json.js';
import { readText } from '../checkpoint/text.js';
import { textConfig } from '../topology/model.js';
import type { Sampling } from './sampling.js';

export interface GenerationDefaults {
  /** Ids after which an answer ends. */
  stopTokens: number[];
  /** How the checkpoint's authors sample; temperature 0 where they are greedy. */
  sampling: Sampling;
}

const FILE = 'generation_config.json';
/** Bytes; real ones have a few hundred. */
const LIMIT = 1024 * 1024;

/** @throws `malformed`, `permission` when the file is there and cannot be read. */
export async function readGenerationDefaults(checkpoint: Checkpoint): Promise<GenerationDefaults> {
  const config = checkpoint.config ?? {};
  const text = textConfig(config);
  let given: Record<string, unknown> = {};
  if (checkpoint.files.includes(FILE)) {
    const file = path.join(checkpoint.folder, FILE);
    const parsed = parsePythonJson(await readText(file, LIMIT), file);
    if (typeof parsed === 'object' && parsed !== null) given = parsed as Record<string, unknown>;
  }
  const stop = given['eos_token_id'] ?? config['eos_token_id'] ?? text['eos_token_id'];
  const number = (key: string) => (typeof given[key] === 'number' ? given[key] : undefined);
  return {
    stopTokens: (Array.isArray(stop) ? stop : [stop]).filter((id): id is number => typeof id === 'number'),
    sampling: {
      temperature: given['do_sample'] === true ? (number('temperature') ?? 1) : 0,
      topK: number('top_k'),
      topP: number('top_p'),
      repetitionPenalty: number('repetition_penalty'),
    },
  };
}
