/** How a checkpoint's authors sample, from its generation_config.json. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { readJson } from './processor/files.js';
import type { Sampling } from './sampling.js';

const FILE = 'generation_config.json';

/** Greedy (temperature 0) where the file is missing or says so. @throws `malformed`, `permission` */
export async function readSamplingDefaults(checkpoint: Checkpoint): Promise<Sampling> {
  const file = checkpoint.files.get(FILE);
  const given = file === undefined ? {} : await readJson(file);
  const number = (key: string) => (typeof given[key] === 'number' ? given[key] : undefined);
  return {
    temperature: given['do_sample'] === true ? (number('temperature') ?? 1) : 0,
    topK: number('top_k'),
    topP: number('top_p'),
    repetitionPenalty: number('repetition_penalty'),
  };
}
