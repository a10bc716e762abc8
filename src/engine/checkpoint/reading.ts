/** Decides which weight files of a folder are read where several could be, and names those that are not. */
import path from 'node:path';
import type { Reading } from './checkpoint.js';
import { shown, thousands } from './failure.js';
import {
  ADAPTER,
  ADAPTER_CONFIG,
  DEFAULT_FILE,
  DEFAULT_INDEX,
  type Location,
  mainWeights,
  weightFiles,
} from './locate.js';
import { readWeightMap } from './weightMap.js';

/** Pickles that may hold trained weights: LLaVA's `non_lora_state_dict.bin`, a value head. */
const PICKLE = /\.(?:bin|pt|pth)$/;
/** What every trainer leaves, and the same model as a pickle. */
const USUAL_PICKLE =
  /^(?:pytorch_model|adapter_model|training_args|optimizer|scheduler|rng_state|scaler|trainer_state)/;
/** The same model once more, in Mistral's own naming. */
const USUAL_COPY = /^consolidated(?:-\d+-of-\d+)?\.safetensors$/;

/** What was chosen in the folder, and sentences about what another reader would choose or what is left out. */
export async function readingOf(
  location: Location,
  signal?: AbortSignal,
): Promise<{ reading: Omit<Reading, 'wrappers'>; warnings: string[] }> {
  const { entries, shards, index, alone: exclusive, adapter } = location;
  const from = index === undefined ? listed(shards) : path.basename(index.file);
  if (exclusive) return { reading: { from, unread: [] }, warnings: [] };
  const warnings: string[] = [];
  const rival = adapter || location.named ? undefined : await rivalOf(location, signal);
  if (rival !== undefined) warnings.push(rival.warning);
  const unread = [
    ...weightFiles(entries).filter((name) => !shards.includes(name)),
    ...entries.filter((name) => PICKLE.test(name) && !USUAL_PICKLE.test(name)),
  ];
  const unnamed = unread.filter((name) => !USUAL_COPY.test(name) && rival?.files.includes(name) !== true);
  if (unnamed.length > 0)
    warnings.push(
      `${from} is read, and not ${listed(unnamed)} beside ${shards.length === 1 ? 'it' : 'them'}: ` +
        `what only ${unnamed.length === 1 ? 'that file holds' : 'those files hold'} is missing here.`,
    );
  if (!adapter && entries.includes(ADAPTER_CONFIG) && entries.some((name) => ADAPTER.test(name)))
    warnings.push(
      'The adapter beside the model is not on it here, while transformers with PEFT would put it on: ' +
        `choose ${ADAPTER_CONFIG} for the model with the adapter.`,
    );
  return { reading: { from, unread }, warnings };
}

/**
 * `model.safetensors` and an index of other files in one folder: mostly a model that was saved into it twice.
 * @returns what to say, and the files of the one that is not read.
 */
async function rivalOf(
  { folder, entries, shards, index }: Location,
  signal?: AbortSignal,
): Promise<{ warning: string; files: string[] } | undefined> {
  const main = mainWeights(entries);
  if (main === undefined) return undefined;
  if (index !== undefined) {
    const chosen = path.basename(index.file);
    if (chosen === main || (main === DEFAULT_FILE && shards.length === 1 && shards[0] === DEFAULT_FILE))
      return undefined;
    return {
      warning:
        `The files of ${shown(chosen)} are read, as chosen; of the folder transformers loads ${main}, ` +
        'which lies beside.',
      files: main === DEFAULT_FILE ? [DEFAULT_FILE] : [],
    };
  }
  if (main !== DEFAULT_FILE || !shards.includes(DEFAULT_FILE) || !entries.includes(DEFAULT_INDEX)) return undefined;
  // An index that cannot be read is not followed by anyone here.
  const files = await readWeightMap(path.join(folder, DEFAULT_INDEX), signal).then(
    (map) => map.shards.filter((name) => name !== DEFAULT_FILE),
    () => undefined,
  );
  if (files?.length === 0) return undefined;
  return {
    warning:
      `${DEFAULT_FILE} is read, as transformers does, and not the ` +
      `${files === undefined ? 'files' : thousands(files.length)} of ${DEFAULT_INDEX} beside it: ` +
      'one of the two is from an earlier save.',
    files: files ?? [],
  };
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, 3).map(shown).join(', ')}${names.length > 3 ? ` and ${thousands(names.length - 3)} more` : ''}`;
}
