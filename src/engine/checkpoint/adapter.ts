/**
 * A LoRA adapter on top of its base as a checkpoint: tensors that the adapter does not touch lie in the base's files,
 * those it replaces in its own, and a weight with a low-rank update is computed when it is read (`lora.ts`).
 */
import path from 'node:path';
import { FrankensteinError } from '../errors.js';
import { layoutById } from '../families/list.js';
import { canonicalName } from '../topology/names.js';
import { findBase } from './base.js';
import { targetFinder } from './adapterTargets.js';
import type { Checkpoint, Reading, StoredTensor, Tensor, Factor, LoraExpression } from './checkpoint.js';
import { computedTensor } from './computedTensor.js';
import { isFloat } from './encode.js';
import { counted, malformed, quoted, shown, some, thousands } from './failure.js';
import { checkpointLabel } from './hub.js';
import { leftOutWeights, stores } from './leftOut.js';
import { ADAPTER_CONFIG } from './locate.js';
import { type LoraConfig, readLoraConfig, roleOf, type Scaling, scalingsOf } from './peft.js';

/** What has been read of an adapter's folder. */
export interface AdapterFiles {
  path: string;
  folder: string;
  /** Under their names on disk. */
  stored: Omit<StoredTensor, 'name'>[];
  shards: Checkpoint['shards'];
  /** Text files of the folder that are the adapter's own. */
  files: Map<string, string>;
  reading: Reading;
  warnings: string[];
}

interface Pair {
  of: 'linear' | 'embedding';
  A?: StoredTensor;
  B?: StoredTensor;
}

/** Names of the embedding to which a head may be tied. */
const EMBEDDING = /(?:^|\.)(?:embed_tokens|wte|embed_in)\.weight$/;
const HEAD = 'lm_head.weight';

/**
 * The checkpoint that `adapter` makes of its base.
 * @param given where the base lies; where the config says when left out.
 * @param openBase opens it.
 * @throws `unsupported` for a kind of adapter that is not computed here, `malformed` and `mismatch` when it does not
 * fit the base, `no-base`, and what opening throws.
 */
export async function openAdapter(
  adapter: AdapterFiles,
  given: string | undefined,
  openBase: (path: string) => Promise<Checkpoint>,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const configFile = path.join(adapter.folder, ADAPTER_CONFIG);
  const config = await readLoraConfig(configFile, signal);
  const base = await openBase(given ?? (await findBase(adapter.folder, config.base, config.revision)));
  return applyAdapter(adapter, config, configFile, base, signal);
}

/**
 * A PEFT model that was saved whole, `model` its own weights and `parts` the factors beside them, with the scaling that
 * the adapter_config.json in its folder gives.
 * @throws `unsupported` where none says the scaling; else as `openAdapter`.
 */
export async function openInside(
  model: Checkpoint,
  parts: AdapterFiles['stored'],
  entries: readonly string[],
  signal?: AbortSignal,
): Promise<Checkpoint> {
  if (!entries.includes(ADAPTER_CONFIG))
    throw new FrankensteinError(
      'unsupported',
      `${shown(model.path)} holds ${thousands(parts.length)} ${parts.length === 1 ? 'part' : 'parts'} of an ` +
        `adapter beside its weights (${quoted(parts[0]!.onDisk)}), and no ${ADAPTER_CONFIG} beside it says how ` +
        'they are scaled: put that file there, or merge with PEFT (merge_and_unload) and save.',
    );
  const configFile = path.join(model.folder, ADAPTER_CONFIG);
  const config = await readLoraConfig(configFile, signal);
  // Said once, by the checkpoint that is made of it.
  const { warnings, reading } = model;
  const adapter = { ...model, stored: [...parts], files: new Map<string, string>(), reading: reading!, warnings };
  return applyAdapter(adapter, config, configFile, { ...model, warnings: [] }, signal);
}

async function applyAdapter(
  adapter: AdapterFiles,
  config: LoraConfig,
  configFile: string,
  base: Checkpoint,
  signal: AbortSignal | undefined,
): Promise<Checkpoint> {
  const shard = path.join(adapter.folder, adapter.shards[0]!.name);
  const find = targetFinder(base, shard);

  const spelling = spellingOf(adapter.stored, shard);
  const { pairs, whole } = sort(spelling.stored, shard, (name) => find(name).name);
  const tensors = new Map(base.tensors);
  const embedding = [...base.tensors.keys()].find((name) => EMBEDDING.test(name));
  let tied = !stores(base, HEAD) && embedding !== undefined ? base.tensors.get(embedding)! : undefined;
  for (const [name, { tensor, ofBase }] of whole) {
    const replaced = base.tensors.get(name) ?? (name === HEAD ? tied : undefined);
    if (replaced === undefined) throw unknownTarget(shard, tensor.onDisk, base);
    // Added tokens make a vocabulary longer.
    const from = name === HEAD || EMBEDDING.test(name) ? 1 : 0;
    if (tensor.shape.slice(from).join() !== replaced.shape.slice(from).join())
      throw misfit(shard, tensor.onDisk, tensor.shape, replaced, base);
    tensors.set(name, tensor);
    // PEFT stores an embedding that it wraps once more: that is the matrix both ends share.
    if (tied !== undefined && ofBase && name === embedding) tied = tensor;
  }
  const ranks = new Set<number>();
  const updated = new Map<string, string>();
  let moved: string | undefined;
  const scalings = await scalingsOf(config, [...pairs.keys()], configFile, signal);
  for (const [module, pair] of pairs) {
    const { name, isMoved } = find(`${module}.weight`);
    const other = updated.get(name);
    if (other !== undefined) throw twice(shard, other, module);
    updated.set(name, module);
    if (isMoved) moved ??= `${module} is ${name.replace(/\.weight$/, '')}`;
    const target = tensors.get(name) ?? (name === HEAD ? tied : undefined);
    const expression = update(module, pair, target, config, scalings.get(module)!, shard, base);
    ranks.add(expression.rank);
    const { onDisk, shape } = expression.base;
    tensors.set(name, computedTensor({ onDisk, name, dtype: 'F64', shape }, expression));
  }
  // PEFT wraps the one module: the other end of a tied vocabulary stays as it was.
  const separated = tied !== undefined && !config.tiesHead && (tensors.has(HEAD) || tensors.get(embedding!) !== tied);
  if (tied !== undefined && separated && !tensors.has(HEAD)) tensors.set(HEAD, renamed(tied, HEAD));

  const summary =
    `LoRA of rank ${[...ranks].sort((a, b) => a - b).join(', ') || 'none'} on ${labelOf(base)} ` +
    `(${shown(base.path)})`;
  return {
    ...base,
    path: adapter.path,
    folder: adapter.folder,
    shards: adapter.shards,
    tensors,
    files: new Map([...base.files, ...adapter.files]),
    reading: adapter.reading,
    warnings: [
      ...base.warnings,
      ...adapter.warnings,
      ...spelling.warnings,
      ...(moved === undefined
        ? []
        : [
            `The adapter's names are those of the text model by itself; ` +
              `they are found in this model by the rest of the name: ${moved}.`,
          ]),
      `${summary}: ${thousands(pairs.size)} ${pairs.size === 1 ? 'weight is' : 'weights are'} W + s·B·A as it ` +
        `runs unmerged, in float64, so storage rounding has no part in ${pairs.size === 1 ? 'its' : 'their'} ` +
        `updates${whole.size > 0 ? `; ${thousands(whole.size)} ${whole.size === 1 ? 'tensor is' : 'tensors are'} stored whole` : ''}.`,
      ...(separated
        ? [
            'The base ties its head to the embedding, and the adapter changes one of the two: ' +
              'they are two matrices here, as PEFT runs them.',
          ]
        : []),
    ],
    virtual: {
      kind: 'adapter',
      label: checkpointLabel(adapter.folder),
      summary,
      sources: [base],
      recipe: { ...config, base: undefined, revision: undefined },
    },
  };
}

/** In front of every name that PEFT saves. */
const PREFIX = 'base_model.model.';

/**
 * The tensors that PEFT would load, with a sentence where their names are not as it saves them: it loads none whose
 * name it does not know, and says nothing of it but a warning.
 * @throws `malformed` for a whole model
 */
function spellingOf(
  stored: AdapterFiles['stored'],
  file: string,
): { stored: AdapterFiles['stored']; warnings: string[] } {
  const isPrefixed = ({ onDisk }: { onDisk: string }) => onDisk.startsWith(PREFIX);
  const isPart = ({ onDisk }: { onDisk: string }) => /\.lora_|\.base_layer\.|modules_to_save/.test(onDisk);
  if (stored.some(isPrefixed)) {
    const unknown = stored.filter((tensor) => !isPrefixed(tensor) && !isPart(tensor));
    const kept = stored.filter((tensor) => !unknown.includes(tensor));
    const warnings = [...unknownSentence(unknown), ...foreignSentence(kept)];
    return { stored: kept, warnings };
  }
  if (!stored.some(isPart))
    throw malformed(
      file,
      `holds no part of an adapter (${quoted(stored[0]!.onDisk)}), and PEFT would load nothing of it: ` +
        'where it is a whole model, rename it to model.safetensors and choose that file.',
    );
  return { stored, warnings: foreignSentence(stored) };
}

function unknownSentence(unknown: AdapterFiles['stored']): string[] {
  if (unknown.length === 0) return [];
  return [
    `${counted(unknown.length, 'tensor', 'lies', 'lie')} in the adapter's file without ` +
      `${quoted(PREFIX)} in front, and ${unknown.length === 1 ? 'is' : 'are'} not read, as in PEFT: ` +
      `${some(unknown.map(({ onDisk }) => onDisk))}.`,
  ];
}

function foreignSentence(stored: AdapterFiles['stored']): string[] {
  const foreign = stored.filter(
    ({ onDisk, inFile = onDisk }) =>
      inFile !== onDisk ||
      !onDisk.startsWith(PREFIX) ||
      onDisk.startsWith(PREFIX + PREFIX) ||
      /\.(?:lora_[AB]|modules_to_save)\.[^.]+\.(?:weight|bias)$/.test(onDisk),
  );
  if (foreign.length === 0) return [];
  const [{ onDisk, inFile = onDisk }] = foreign as [(typeof foreign)[number]];
  return [
    `${counted(foreign.length, 'name', 'is', 'are')} not as PEFT saves them: ${quoted(inFile)}. ` +
      'They are read here as what they mean, while PEFT itself would leave them out.',
  ];
}

function renamed<T extends Tensor>(tensor: T, name: string): T {
  return { ...tensor, name };
}

function labelOf(base: Checkpoint): string {
  return base.virtual?.label ?? checkpointLabel(base.folder);
}

/** The adapter's tensors by what they do: pairs per module of the base, whole tensors per canonical name. */
function sort(
  stored: AdapterFiles['stored'],
  file: string,
  canonical: (name: string) => string,
): { pairs: Map<string, Pair>; whole: Map<string, { tensor: StoredTensor; ofBase: boolean }> } {
  const pairs = new Map<string, Pair>();
  const whole = new Map<string, { tensor: StoredTensor; ofBase: boolean }>();
  for (const found of stored) {
    const role = roleOf(found.onDisk, file);
    if (role.kind === 'ignored') continue;
    if (role.kind === 'whole') {
      const name = canonical(role.name);
      if (whole.has(name)) throw twice(file, whole.get(name)!.tensor.onDisk, found.onDisk);
      whole.set(name, { tensor: { ...found, name }, ofBase: role.ofBase });
      continue;
    }
    const pair = pairs.get(role.module) ?? { of: role.of };
    const other = pair[role.kind];
    if (other !== undefined || pair.of !== role.of) throw twice(file, other?.onDisk ?? role.module, found.onDisk);
    if (!isFloat(found.dtype) || found.shape.length < 2)
      throw malformed(
        file,
        `stores ${quoted(found.onDisk)} as ${found.dtype} of shape [${found.shape.join(', ')}], ` +
          'which is no factor of an update.',
      );
    pair[role.kind] = { ...found, name: found.onDisk };
    pairs.set(role.module, pair);
  }
  if (pairs.size + whole.size === 0) throw malformed(file, 'holds no update.');
  return { pairs, whole };
}

/** The weight of `module` with the pair's update on it. */
function update(
  module: string,
  pair: Pair,
  target: Tensor | undefined,
  config: LoraConfig,
  { rank, scaling }: Scaling,
  shard: string,
  base: Checkpoint,
): LoraExpression {
  const { A, B } = pair;
  if (A === undefined || B === undefined)
    throw malformed(shard, `holds only one half of the update of ${quoted(module)}: ${quoted((A ?? B)!.onDisk)}.`);
  if (target === undefined) throw unknownTarget(shard, A.onDisk, base);
  if (A.shape[0] !== rank || B.shape[1] !== rank) {
    throw malformed(
      shard,
      `has factors of shape [${A.shape.join(', ')}] and [${B.shape.join(', ')}] for ${quoted(module)}, ` +
        `but ${ADAPTER_CONFIG} gives it rank ${rank}.`,
    );
  }
  if (!isFloat(target.dtype)) {
    throw new FrankensteinError(
      'unsupported',
      `${shown(base.path)} stores ${quoted(target.onDisk)} as ${target.dtype}: ` +
        'an adapter on a quantised base is not computed here; give the base as it was before quantisation.',
    );
  }
  const [outputs, inputs] = [B.shape[0]!, A.size / rank];
  const rows = target.shape[0] ?? 1;
  const columns = target.size / rows;
  const straight = rows === outputs && columns === inputs && B.size === outputs * rank;
  const turned = rows === inputs && columns === outputs && target.shape.length === 2;
  // A linear map stored in × out says so in its shape; a square one, in the config.
  const transposed = pair.of === 'embedding' || (turned && (!straight || config.fanInFanOut));
  if (transposed ? !turned : !straight)
    throw misfit(shard, A.onDisk, pair.of === 'embedding' ? [inputs, outputs] : [outputs, inputs], target, base);
  const factor = (tensor: StoredTensor): Factor => ({ tensor, transposed });
  const [left, right] = transposed ? [factor(A), factor(B)] : [factor(B), factor(A)];
  return { kind: 'lora', base: target, left, right, rank, scaling };
}

function twice(file: string, first: string, second: string): FrankensteinError {
  return malformed(file, `holds two updates of the same weight: ${quoted(first)} and ${quoted(second)}.`);
}

function unknownTarget(file: string, onDisk: string, base: Checkpoint): FrankensteinError {
  const canonical = canonicalName(onDisk.replace(/^(?:base_model\.model\.)+/, ''), layoutById(base.layout));
  const leftOut = [...leftOutWeights(base)].find(([name]) => canonical.startsWith(name.replace(/weight$/, '')));
  if (leftOut !== undefined)
    return new FrankensteinError(
      'unsupported',
      `${shown(file)} updates ${quoted(onDisk)}, whose weight cannot be read in ${shown(base.path)}. ` +
        `${leftOut[1].reason} Give the base as it was before.`,
    );
  return new FrankensteinError(
    'mismatch',
    `${shown(file)} updates ${quoted(onDisk)}, which ${shown(base.path)} does not have: ` +
      'it is not the base of this adapter.',
  );
}

function misfit(
  file: string,
  onDisk: string,
  shape: readonly number[],
  target: Tensor,
  base: Checkpoint,
): FrankensteinError {
  return new FrankensteinError(
    'mismatch',
    `${shown(file)} updates ${quoted(onDisk)} by a matrix of shape [${shape.join(', ')}], ` +
      `but the weight has [${target.shape.join(', ')}] in ${shown(base.path)}: it is not the base of this adapter.`,
  );
}
