/** Opens a checkpoint: follows the index, reads headers by byte range, and checks every number before it is used. */
import { type FileHandle, realpath } from 'node:fs/promises';
import path from 'node:path';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { describeModel, isNeeded } from '../topology/model.js';
import type { AdapterFiles } from './adapter.js';
import { auxiliaryFiles } from './auxiliary.js';
import { isRecipePath, splitBase } from './base.js';
import type { Checkpoint, Found, LeftOutTensor, Reading, Shard, Tensor } from './checkpoint.js';
import { computedTensor } from './computedTensor.js';
import { isEndpointPath } from './endpointPath.js';
import { EMPTY, FROM_ZERO3 } from './empty.js';
import { counted, fileError, malformed, quoted, shown, some } from './failure.js';
import { parsePythonJson } from './json.js';
import {
  ADAPTER_CONFIG,
  ADAPTER_FILE,
  DEFAULT_FILE,
  isAdapterFolder,
  type Location,
  locate,
  namedByConfig,
} from './locate.js';
import { splitPeft } from './peftInside.js';
import { type Readable, sortReadable } from './quantized.js';
import { QUANTISATION_FILES, quantisationSettings } from './quantizationConfig.js';
import { readingOf } from './reading.js';
import { openRegular } from './regular.js';
import { type Header, readHeader } from './safetensors.js';
import { storedTwice } from './storedTwice.js';
import { readText } from './text.js';
import { unwrap, withoutWrappers } from './wrappers.js';

/** Bytes. Real ones have a few kilobytes. */
const CONFIG_LIMIT = 16 * 1024 * 1024;

interface OpenedShard {
  shard: Shard;
  header: Header;
}

/** An adapter on an adapter on an adapter: deeper is a circle. */
const NESTING_LIMIT = 4;

/**
 * Opens a recipe, whose parts `openPart` opens; `within` are the recipes that it is a part of. Checkpoints know nothing
 * of the language.
 */
export type OpenRecipe = (
  file: string,
  openPart: (at: string, within: readonly string[]) => Promise<Checkpoint>,
  within: readonly string[],
  signal: AbortSignal | undefined,
) => Promise<Checkpoint>;

function withoutWeights(given: string): FrankensteinError {
  return new FrankensteinError(
    'unsupported',
    `${shown(given)} is a model behind an address, which has no weights to read: it can be evaluated.`,
  );
}

/**
 * Opens what `given` points at, a recipe by `openRecipe`. Everybody else calls `openCheckpoint` of `merge/checkpoint`.
 * @param depth of adapters. @param recipes those that are being opened, whose part this is.
 */
export async function openNested(
  given: string,
  openRecipe: OpenRecipe,
  signal: AbortSignal | undefined,
  depth = 0,
  recipes: readonly string[] = [],
): Promise<Checkpoint> {
  throwIfCancelled(signal);
  if (isEndpointPath(given)) throw withoutWeights(given);
  const { base, own } = await splitBase(given);
  if (base === undefined && isRecipePath(own)) {
    return openRecipe(own, (at, within) => openNested(at, openRecipe, signal, depth, within), recipes, signal);
  }
  const found = await locate(own, signal);
  const config = found.adapter ? undefined : await readConfig(found, signal);
  const location = await namedByConfig(found, config?.['transformers_weights'], signal);
  const opened: OpenedShard[] = [];
  for (const name of location.shards) {
    throwIfCancelled(signal);
    opened.push(await openShard(location, name, signal));
  }
  const { found: stored, absent, warnings } = collectTensors(location, opened);
  const read = await readingOf(location, signal);
  warnings.push(...read.warnings);
  const shards = opened.map(({ shard }) => shard);
  if (location.adapter) {
    if (depth >= NESTING_LIMIT)
      throw malformed(location.path, `is an adapter on an adapter, ${NESTING_LIMIT} deep, which ends in no base.`);
    requireConfig(location, stored);
    // Beside a whole model, the text files are that model's.
    const files = auxiliaryFiles(location.folder, isAdapterFolder(location.entries) ? location.entries : []);
    files.delete('config.json');
    const place = base === undefined ? location.path : `${base}+${location.path}`;
    const { openAdapter } = await import('./adapter.js');
    return openAdapter(
      {
        path: place,
        folder: location.folder,
        stored: plainTensors(stored, location).map((tensor) => ({
          ...tensor,
          onDisk: withoutWrappers(tensor.onDisk),
          inFile: tensor.onDisk,
        })),
        shards,
        files,
        reading: { ...read.reading, wrappers: [] },
        warnings,
      },
      base,
      (at) => openNested(at, openRecipe, signal, depth + 1, recipes),
      signal,
    );
  }
  if (base !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `${shown(location.path)} is no adapter, so it does not go on ${shown(base)}.`,
    );
  const named = config?.['transformers_weights'];
  if (typeof named === 'string' && named !== read.reading.from)
    warnings.push(
      `config.json names ${quoted(named)} for transformers to load (transformers_weights); ` +
        `here ${shown(read.reading.from)} is read: choose that file itself.`,
    );
  const unwrapped = unwrap(stored, config);
  if (unwrapped.rivals.length > 0)
    throw new FrankensteinError(
      'unsupported',
      `${shown(location.path)} holds copies of one tensor from inside different wrappers, ` +
        `and nothing says which counts: ${some(unwrapped.rivals)}. Save one of them.`,
    );
  const { model, inside, rivals } = splitPeft(unwrapped.found);
  if (rivals.length > 0)
    throw new FrankensteinError(
      'unsupported',
      `${shown(location.path)} holds trained copies of one tensor from several adapters, ` +
        `or beside the model's own, and nothing says which counts: ${some(rivals)}. ` +
        'Merge one of them with PEFT (merge_and_unload) and save.',
    );
  if (inside.length > 0 && model.length === 0)
    throw malformed(
      location.path,
      'holds parts of an adapter and no weights of a model: an adapter is read from adapter_model.safetensors ' +
        'beside its adapter_config.json.',
    );
  const content = {
    shards,
    found: model,
    absent,
    nameOf: unwrapped.nameOf,
    config,
    warnings: [...warnings, ...unwrapped.warnings],
    reading: { ...read.reading, wrappers: unwrapped.wrappers },
  };
  const checkpoint = await describe(location, content, signal);
  if (inside.length === 0) return checkpoint;
  const { openInside } = await import('./adapter.js');
  return openInside(checkpoint, plainTensors(inside, location), location.entries, signal);
}

/** @throws `not-found` for an adapter's file without the config that says what it is */
function requireConfig({ path: at, entries }: Location, stored: readonly Found[]): void {
  if (entries.includes(ADAPTER_CONFIG)) return;
  if (splitPeft(stored).inside.length > 0)
    throw new FrankensteinError(
      'not-found',
      `${shown(at)} is an adapter without its ${ADAPTER_CONFIG}, which says what its base is and how its factors are ` +
        'scaled: put that file beside it.',
    );
  throw new FrankensteinError(
    'unsupported',
    `${shown(at)} has the name of an adapter's weights and holds no part of an adapter: ` +
      `where it is a whole model, rename ${ADAPTER_FILE} to ${DEFAULT_FILE}.`,
  );
}

/** The checkpoint that these tensors are, under its family's names. @throws `malformed` for layers that are missing */
async function describe(
  location: Location,
  {
    shards,
    found,
    absent,
    nameOf,
    config,
    warnings,
    reading,
  }: {
    shards: Shard[];
    found: readonly Found[];
    absent: readonly string[];
    nameOf: (onDisk: string) => string;
    config: Checkpoint['config'];
    warnings: readonly string[];
    reading: Reading;
  },
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const readable = sortReadable(found, quantisationSettings(config, await quantisationFiles(location, signal)));
  const { model, tensors, leftOut, warnings: ofNames } = named(found, readable, config);
  const { family, layout, layers, visionLayers, visionStacks } = model;
  // What is absent tells the family too.
  const whole = absent.length === 0 ? model : describeModel([...model.names.keys(), ...absent.map(nameOf)], config);
  const needed = absent.find((name) => isNeeded(nameOf(name), whole, config));
  if (needed !== undefined)
    throw malformed(
      location.index!.file,
      `says that ${quoted(needed)} is in ${shown(location.index!.map.shardOf.get(needed)!)}, ` +
        'but that file has no such tensor.',
    );
  if (model.missing !== undefined) throw malformed(location.path, model.missing);
  return {
    path: location.path,
    folder: location.folder,
    shards,
    tensors,
    config,
    family,
    layout,
    layers,
    visionLayers,
    visionStacks,
    files: location.alone ? new Map<string, string>() : auxiliaryFiles(location.folder, location.entries),
    warnings: [
      ...warnings,
      ...(absent.length > 0
        ? [
            `${counted(absent.length, 'tensor', 'is', 'are')} in the index and not in the file that it names, ` +
              `and the model does not need ${absent.length === 1 ? 'it' : 'them'}: ${some(absent)}.`,
          ]
        : []),
      ...readable.warnings,
      ...model.warnings,
      ...ofNames,
    ],
    reading,
    ...(leftOut.length > 0 ? { leftOut } : {}),
    ...(readable.quantisation.length > 0 ? { quantisation: readable.quantisation } : {}),
  };
}

interface Named {
  model: ReturnType<typeof describeModel>;
  tensors: Map<string, Tensor>;
  leftOut: LeftOutTensor[];
  warnings: readonly string[];
}

/** Canonical names, for what is read and for what is left out, which weights that are stored in two layouts are too. */
function named(found: readonly Found[], readable: Readable, config: Checkpoint['config']): Named {
  // Weights that are stored under other names than theirs (qweight) tell the layout too.
  const onDisk = new Set([
    ...found.map((tensor) => tensor.onDisk),
    ...readable.leftOut.flatMap(({ weight }) => weight ?? []),
  ]);
  const model = describeModel([...onDisk], config);
  const nameOf = (name: string) => model.names.get(name) ?? name;
  const tensors = new Map<string, Tensor>();
  for (const tensor of readable.tensors) {
    const name = nameOf(tensor.onDisk);
    if (tensor.expression === undefined) tensors.set(name, { ...tensor, name });
    else tensors.set(name, computedTensor({ ...tensor, name, dtype: 'F32' }, tensor.expression));
  }
  const leftOut = readable.leftOut.map((tensor): LeftOutTensor => ({
    ...tensor,
    name: nameOf(tensor.onDisk),
    weight: tensor.weight === null ? null : nameOf(tensor.weight),
  }));
  const { undecided, warnings } = storedTwice(new Set(tensors.keys()));
  for (const [name, reason] of undecided) {
    const tensor = tensors.get(name)!;
    tensors.delete(name);
    if (tensor.expression === undefined) leftOut.push({ ...tensor, weight: name, reason });
    else if (tensor.expression.kind === 'scaled')
      leftOut.push({ ...tensor.expression.codes, name, weight: name, reason });
  }
  return { model, tensors, leftOut, warnings };
}

/** An adapter's tensors, none of which may be left out. @throws `unsupported` */
function plainTensors(found: readonly Found[], location: Location): AdapterFiles['stored'] {
  const { tensors, leftOut } = sortReadable(found, undefined);
  const [first] = leftOut;
  const empty = tensors.find(({ shape }) => shape.includes(0));
  const plain = tensors.flatMap((tensor) => (tensor.expression === undefined ? [tensor] : []));
  if (first === undefined && empty === undefined && plain.length === tensors.length) return plain;
  throw new FrankensteinError(
    'unsupported',
    `${shown(location.path)} has ${quoted((first ?? empty ?? tensors[0]!).onDisk)}, ` +
      `which is no part of an adapter that can be read. ${first?.reason ?? (empty ? EMPTY : 'It is quantised.')}`,
  );
}

/** What files beside the config say of quantisation; one that is no JSON object says nothing. */
async function quantisationFiles(location: Location, signal?: AbortSignal): Promise<Record<string, unknown>[]> {
  const files = location.alone ? [] : QUANTISATION_FILES.filter((name) => location.entries.includes(name));
  const read = files.map(async (name) => {
    const file = path.join(location.folder, name);
    return parsePythonJson(await readText(file, CONFIG_LIMIT, signal), file);
  });
  const contents = (await Promise.allSettled(read)).map((one) => (one.status === 'fulfilled' ? one.value : undefined));
  throwIfCancelled(signal);
  return contents.filter((one) => typeof one === 'object' && one !== null && !Array.isArray(one)) as Record<
    string,
    unknown
  >[];
}

async function readConfig(location: Location, signal?: AbortSignal): Promise<Checkpoint['config']> {
  if (location.alone || !location.entries.includes('config.json')) return undefined;
  const file = path.join(location.folder, 'config.json');
  const config = parsePythonJson(await readText(file, CONFIG_LIMIT, signal), file);
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw malformed(file, 'is not a JSON object.');
  return config as Record<string, unknown>;
}

async function openShard(location: Location, name: string, signal?: AbortSignal): Promise<OpenedShard> {
  const file = path.join(location.folder, name);
  let handle: FileHandle | undefined;
  try {
    const realPath = await realpath(file);
    handle = await openRegular(realPath, file);
    const facts = await handle.stat({ bigint: true });
    const bytes = Number(facts.size);
    const header = await readHeader(handle, file, bytes, signal);
    return {
      shard: { name, realPath, bytes, modifiedNs: facts.mtimeNs, inode: facts.ino, headerHash: header.hash },
      header,
    };
  } catch (error) {
    const failure = fileError(error, file);
    if (failure.code !== 'not-found') throw failure;
    const linked = location.entries.includes(name);
    const why = linked
      ? 'is a link to a file that is not there: the download is incomplete, or its target was removed'
      : `is missing, though ${shown(path.basename(location.index?.file ?? location.path))} names it`;
    throw new FrankensteinError('not-found', `${shown(file)} ${why}.`, { cause: error });
  } finally {
    await handle?.close();
  }
}

/**
 * All tensors, as transformers takes them: whatever the index's files hold, and of a tensor that several hold, the copy
 * of the last. `absent`: names of the index that the files they are said to be in do not hold.
 * @throws `malformed` for a tensor in two shards that no index joins, and for no tensor at all.
 */
function collectTensors(
  location: Location,
  opened: readonly OpenedShard[],
): { found: Found[]; absent: string[]; warnings: string[] } {
  const shardOf = location.index?.map.shardOf;
  const found = new Map<string, Found>();
  const twice = new Set<string>();
  for (const { shard, header } of opened) {
    for (const { name, ...stored } of header.tensors) {
      if (found.has(name)) {
        if (shardOf === undefined)
          throw malformed(
            path.join(location.folder, shard.name),
            `holds the tensor ${quoted(name)}, which ${shown(found.get(name)!.shard.name)} holds too, ` +
              'and no index says which counts.',
          );
        twice.add(name);
      }
      found.set(name, { ...stored, onDisk: name, shard });
    }
  }
  if (found.size === 0)
    throw malformed(location.path, location.adapter ? `holds no tensor: ${FROM_ZERO3}` : 'holds no tensor.');
  const warnings: string[] = [];
  if (twice.size > 0)
    warnings.push(
      `${counted(twice.size, 'tensor', 'is', 'are')} in more than one file; as in transformers, ` +
        'the copy in the last file counts, whatever the index says: ' +
        `${some([...twice])} (${shown(found.get([...twice][0]!)!.shard.name)}).`,
    );
  if (shardOf !== undefined) {
    const unlisted = [...found.keys()].filter((name) => !shardOf.has(name));
    if (unlisted.length > 0)
      warnings.push(
        `${counted(unlisted.length, 'stored tensor', 'is', 'are')} not in the index, ` +
          `but in a file that it names, and read as in transformers: ${some(unlisted)}.`,
      );
  }
  const absent = [...(shardOf?.keys() ?? [])].filter((name) => !found.has(name));
  return { found: [...found.values()], absent, warnings };
}
