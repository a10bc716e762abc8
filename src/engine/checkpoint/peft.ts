/**
 * PEFT's description of an adapter: `adapter_config.json`, and what the names of its tensors mean. What changes the
 * meaning of a low-rank update and is not computed here is refused by name.
 * Source: https://github.com/huggingface/peft, `tuners/lora` and `utils/save_and_load.py`.
 */
import { FrankensteinError } from '../errors.js';
import { firstMatches } from '../runtime/matching.js';
import { malformed, quoted, shown } from './failure.js';
import { parsePythonJson } from './json.js';
import { readText } from './text.js';

/** Bytes. Real ones have a few kilobytes; patterns of every layer make 100. */
const CONFIG_LIMIT = 4 * 1024 * 1024;

export interface LoraConfig {
  /** `base_model_name_or_path`: a folder, or a name of the Hugging Face Hub. */
  base: string | undefined;
  revision: string | undefined;
  rank: number;
  alpha: number;
  /** α/√r instead of α/r (arXiv 2312.03732). */
  rsLora: boolean;
  rankPattern: Readonly<Record<string, number>>;
  alphaPattern: Readonly<Record<string, number>>;
  /** Weights are stored in × out, as GPT-2's. */
  fanInFanOut: boolean;
  /** A tied head follows what the adapter does to the embedding. */
  tiesHead: boolean;
}

/** Switches of the config that make the update something other than s·B·A, by what they are called. */
const REFUSED: readonly (readonly [key: string, is: string])[] = [
  ['use_dora', 'DoRA, which also rescales every column of the weights'],
  ['use_qalora', 'QA-LoRA, which pools the inputs'],
  ['use_bdlora', 'block-diagonal LoRA'],
  ['alora_invocation_tokens', 'an activated LoRA (aLoRA), which changes the weights from some token on only'],
  ['arrow_config', 'Arrow, which chooses among adapters for every token'],
  ['kasa_config', 'KaSA, which changes the base by its singular values'],
  ['layer_replication', 'layer replication, which makes a deeper model of the base'],
  ['lora_bias', 'LoRA with biases of its own (lora_bias)'],
  ['trainable_token_indices', 'trained rows of the embedding (trainable_token_indices)'],
];

/** Initialisations that subtract the first B·A from the base, so that the base on disk is not the one that runs. */
const CHANGES_BASE = /^(?:pissa|corda|olora|loftq|lora_ga)/i;

/** @throws `malformed`, `unsupported`, `not-found`, `permission` */
export async function readLoraConfig(file: string, signal?: AbortSignal): Promise<LoraConfig> {
  const config = parsePythonJson(await readText(file, CONFIG_LIMIT, signal), file);
  if (!isRecord(config)) throw malformed(file, 'is not a JSON object.');
  const type = config['peft_type'];
  if (typeof type !== 'string')
    throw malformed(file, 'has no "peft_type", which should say what kind of adapter it is.');
  if (type !== 'LORA') throw refused(file, `an adapter of type ${quoted(type)}`);
  for (const [key, is] of REFUSED) {
    const value = config[key];
    const off =
      value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
    if (!off) throw refused(file, is);
  }
  const parameters = config['target_parameters'];
  // Of a matrix called "weight" it is the update of a linear map; stacks of experts have one update per expert.
  if (
    Array.isArray(parameters) &&
    !parameters.every((name) => typeof name === 'string' && /(?:^|\.)weight$/.test(name))
  )
    throw refused(file, 'LoRA on bare parameters such as fused experts (target_parameters)');
  const initial = config['init_lora_weights'];
  if (typeof initial === 'string' && CHANGES_BASE.test(initial)) {
    throw refused(
      file,
      `LoRA that was begun as ${quoted(initial)}, which changes the base too`,
      'save it as an ordinary one with save_pretrained(…, path_initial_model_for_weight_conversion=…) or merge ' +
        'it with PEFT',
    );
  }
  return {
    base: textOf(config, 'base_model_name_or_path', file),
    revision: textOf(config, 'revision', file),
    rank: numberOf(config, 'r', 8, file),
    alpha: numberOf(config, 'lora_alpha', 8, file),
    rsLora: config['use_rslora'] === true,
    rankPattern: patternOf(config, 'rank_pattern', file),
    alphaPattern: patternOf(config, 'alpha_pattern', file),
    fanInFanOut: config['fan_in_fan_out'] === true,
    tiesHead: config['ensure_weight_tying'] === true,
  };
}

export interface Scaling {
  rank: number;
  /** s of W + s·B·A. */
  scaling: number;
}

/**
 * Rank and factor of the update of each module, by PEFT's rules. Patterns come from an untrusted file: they are tried
 * within limits, in a thread of their own.
 * @throws `malformed` for a pattern that is not usable; `cancelled`
 */
export async function scalingsOf(
  config: LoraConfig,
  modules: readonly string[],
  file: string,
  signal?: AbortSignal,
): Promise<Map<string, Scaling>> {
  const [ranks, alphas] = await Promise.all([
    matching(config.rankPattern, modules, file, signal),
    matching(config.alphaPattern, modules, file, signal),
  ]);
  return new Map(
    modules.map((module, index) => {
      const rank = ranks[index] ?? config.rank;
      const alpha = alphas[index] ?? config.alpha;
      return [module, { rank, scaling: alpha / (config.rsLora ? Math.sqrt(rank) : rank) }];
    }),
  );
}

/** For each module the value of the first key that fits: PEFT matches `(.*\.)?(KEY)$` from the name's begin. */
async function matching(
  patterns: Readonly<Record<string, number>>,
  modules: readonly string[],
  file: string,
  signal: AbortSignal | undefined,
): Promise<(number | undefined)[]> {
  const keys = Object.keys(patterns);
  for (const key of keys) check(key, file);
  const found = await firstMatches(
    keys.map((key) => `^(?:.*\\.)?(?:${fromPython(key)})$`),
    modules,
    () => malformed(file, 'has patterns that are too complicated to be tried safely: they took too long.').message,
    signal,
  );
  return found.map((index) => (index < 0 ? undefined : patterns[keys[index]!]));
}

/** Groups with names, as JavaScript writes them. */
function fromPython(pattern: string): string {
  return pattern.replace(/\(\?P<(?=[A-Za-z_])/g, '(?<').replace(/\(\?P=(\w+)\)/g, '\\k<$1>');
}

const PATTERN_LENGTH = 2_000;

/** No name needs a repeated group, which is how a pattern takes for ever. */
function check(key: string, file: string): void {
  if (key.length > PATTERN_LENGTH || /\)[*+{]/.test(key.replace(/\\./g, '')))
    throw malformed(file, `has a pattern that is too complicated to be tried safely: ${quoted(key)}.`);
  try {
    new RegExp(fromPython(key));
  } catch {
    throw malformed(file, `has a pattern that is no regular expression as they are read here: ${quoted(key)}.`);
  }
}

/** What a tensor of an adapter is. */
export type AdapterRole =
  /** A factor; `module` as the base's modules are called. */
  | { kind: 'A' | 'B'; of: 'linear' | 'embedding'; module: string }
  /** A whole tensor in place of the base's: of a copy of the module that the adapter brings, or of the base itself. */
  | { kind: 'whole'; name: string; ofBase: boolean }
  /** A copy of the base's own. */
  | { kind: 'ignored' };

/** What the tensor called `onDisk` is. @throws `unsupported` for parts of adapters that are not computed here */
export function roleOf(onDisk: string, file: string): AdapterRole {
  // A model that PEFT wrapped twice has the names twice.
  const name = onDisk.replace(/^(?:base_model\.model\.)+/, '');
  // With the adapter's name ("default") where the state was saved without PEFT's own function.
  const linear = /^(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/.exec(name);
  if (linear) return { kind: linear[2] as 'A' | 'B', of: 'linear', module: withoutWrapper(linear[1]!) };
  const embedding = /^(.+)\.lora_embedding_([AB])(?:\.[^.]+)?$/.exec(name);
  if (embedding) return { kind: embedding[2] as 'A' | 'B', of: 'embedding', module: withoutWrapper(embedding[1]!) };
  if (/\.original_module\./.test(name)) return { kind: 'ignored' };
  if (name.includes('lora_magnitude_vector'))
    throw refused(file, 'DoRA, which also rescales every column of the weights');
  if (/\.lora_B(?:\.[^.]+)?\.bias$/.test(name)) throw refused(file, 'LoRA with biases of its own (lora_bias)');
  if (/\.lora_|trainable_tokens|\.(?:ia3|hada|lokr|oft|vera|boft|adalora|loha)_/i.test(name))
    throw refused(file, `an adapter with the part ${quoted(onDisk)}`);
  return {
    kind: 'whole',
    name: withoutWrapper(name.replace(/\.modules_to_save\.[^.]+\./, '.')),
    ofBase: name.includes('.base_layer.'),
  };
}

function withoutWrapper(name: string): string {
  return name.replace(/\.base_layer(?=\.|$)/g, '');
}

function refused(
  file: string,
  is: string,
  way = 'merge it into its base with PEFT: model.merge_and_unload().save_pretrained("merged")',
): FrankensteinError {
  return new FrankensteinError('unsupported', `${shown(file)} describes ${is}; that is not computed here: ${way}.`);
}

function textOf(config: Record<string, unknown>, key: string, file: string): string | undefined {
  const value = config[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw malformed(file, `has a ${quoted(key)} that is no text.`);
  return value;
}

function numberOf(config: Record<string, unknown>, key: string, otherwise: number, file: string): number {
  const value = config[key] ?? otherwise;
  if (!isScale(value)) throw malformed(file, `has a ${quoted(key)} that is no usable number.`);
  return value;
}

function patternOf(config: Record<string, unknown>, key: string, file: string): Record<string, number> {
  const value = config[key] ?? {};
  if (!isRecord(value) || !Object.values(value).every(isScale))
    throw malformed(file, `has a ${quoted(key)} that is not an object of numbers.`);
  return value as Record<string, number>;
}

function isScale(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
