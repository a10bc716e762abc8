/**
 * From what a user points at to the files of a checkpoint. A folder, its `config.json`, its index, `model.safetensors`
 * and every shard all mean the same checkpoint; a folder of an adapter and its two files, the adapter.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { FrankensteinError } from '../errors.js';
import { fileError, malformed, shown } from './failure.js';
import { foreignFormat } from './formats.js';
import { readMain } from './hub.js';
import { type WeightMap, readWeightMap } from './weightMap.js';

export interface Location {
  /** As the user named it, absolute. */
  path: string;
  folder: string;
  /** Names in the folder. */
  entries: string[];
  /** Shard names, relative to the folder. */
  shards: string[];
  /** Undefined when the checkpoint has no index. */
  index: { file: string; map: WeightMap } | undefined;
  /** The user means this one file, not the folder around it: its config and tokenizer belong to something else. */
  alone: boolean;
  /** The shard is an adapter's, and changes the weights of a base. */
  adapter: boolean;
  /** The config names the files, and transformers loads them before any other. */
  named?: true;
}

/** With the variant that transformers puts before the ending: `model.safetensors.index.fp16.json`. */
const INDEX = /^(?!\.|adapter_model).*\.safetensors\.index(?:\.[\w-]+)?\.json$/;
export const DEFAULT_INDEX = 'model.safetensors.index.json';
export const DEFAULT_FILE = 'model.safetensors';
/** `model-00001-of-00004.safetensors` */
const NUMBERED = /^(.*)-(\d{5})-of-(\d{5})\.safetensors$/;
/** A LoRA stored beside a model is not part of it, but may be pointed at. */
export const ADAPTER = /^adapter_model.*\.safetensors$/;
export const ADAPTER_FILE = 'adapter_model.safetensors';
/** PEFT's description of an adapter, beside its weights. */
export const ADAPTER_CONFIG = 'adapter_config.json';

/** @throws `not-found`, `permission`, `malformed`, `unsupported` */
export async function locate(given: string, signal?: AbortSignal): Promise<Location> {
  const absolute = path.resolve(given);
  let kind;
  try {
    kind = await stat(absolute);
  } catch (error) {
    throw fileError(error, absolute);
  }
  if (kind.isDirectory()) return locateFolder(absolute, absolute, signal);
  const name = path.basename(absolute);
  if (!kind.isFile()) throw malformed(absolute, 'is neither a file nor a folder.');

  const folder = path.dirname(absolute);
  if (name === 'config.json') return locateFolder(absolute, folder, signal);
  if (INDEX.test(name)) return withIndex(absolute, folder, await list(folder), name, signal);
  if (ADAPTER.test(name)) return adapterAt(absolute, folder, await list(folder), name);
  if (name === ADAPTER_CONFIG) return locateAdapter(absolute, folder, await list(folder));
  if (name.endsWith('.safetensors')) return locateFile(absolute, folder, name, signal);
  throw (
    foreignFormat(absolute, [name]) ??
    new FrankensteinError(
      'not-found',
      `${shown(absolute)} is no checkpoint: choose a folder with safetensors files, its config.json, its index, ` +
        'or a .safetensors file.',
    )
  );
}

async function locateFolder(given: string, folder: string, signal?: AbortSignal): Promise<Location> {
  const entries = await list(folder);
  const main = mainWeights(entries);
  if (main === DEFAULT_FILE) return filesAt(given, folder, entries, [main]);
  const index = main ?? onlyIndex(entries);
  if (index !== undefined) return withIndex(given, folder, entries, index, signal);
  const files = weightFiles(entries);
  if (isAdapterFolder(entries)) return locateAdapter(given, folder, entries);
  const only = files.length === 1 ? files[0] : undefined;
  if (only !== undefined && !NUMBERED.test(only)) return filesAt(given, folder, entries, [only]);
  const set = numberedSet(folder, files);
  if (set !== undefined) return filesAt(given, folder, entries, set);
  if (files.length > 0) {
    throw malformed(
      folder,
      `holds ${files.length} safetensors files and no index that says which belong together: ` +
        `choose one of the files (${files.slice(0, 3).map(shown).join(', ')}${files.length > 3 ? ', …' : ''}).`,
    );
  }
  if (entries.includes(ADAPTER_CONFIG) || entries.includes(ADAPTER_FILE)) return locateAdapter(given, folder, entries);
  const snapshot = await hubSnapshot(folder, entries);
  if (snapshot !== undefined) return { ...(await locateFolder(snapshot, snapshot, signal)), path: given };
  throw (
    foreignFormat(folder, entries) ??
    new FrankensteinError(
      'not-found',
      `${shown(folder)} holds no checkpoint: there is no safetensors file in ` +
        `it${entries.includes('config.json') ? ' beside its config.json' : ''}.`,
    )
  );
}

/**
 * The weights that the config names (`transformers_weights`), a file or an index of the folder, which transformers
 * takes in place of any other; those of `location` where the user has chosen a file, or the config names none.
 * @throws what reading the index throws
 */
export async function namedByConfig(location: Location, named: unknown, signal?: AbortSignal): Promise<Location> {
  const { path: given, folder, entries, alone, adapter } = location;
  const isFile = /\.safetensors(?:\.index(?:\.[\w-]+)?\.json)?$/;
  if (typeof named !== 'string' || !isFile.test(named) || alone || adapter || isFile.test(given)) return location;
  if (!/^[^/\\]+$/.test(named)) return location;
  if (named.endsWith('.json')) return { ...(await withIndex(given, folder, entries, named, signal)), named: true };
  return { ...filesAt(given, folder, entries, [named]), named: true };
}

/** What transformers loads of a folder with these entries: the single file first, then the shards of the index. */
export function mainWeights(entries: readonly string[]): string | undefined {
  return [DEFAULT_FILE, DEFAULT_INDEX].find((name) => entries.includes(name));
}

/** The index of another name, where there is one only. */
export function onlyIndex(entries: readonly string[]): string | undefined {
  const indexes = entries.filter((entry) => INDEX.test(entry));
  return indexes.length === 1 ? indexes[0] : undefined;
}

/**
 * Whether the folder is an adapter's: it holds the adapter's description, and no whole model. What else lies beside the
 * two files (a value head, new embeddings) makes it no model.
 */
export function isAdapterFolder(entries: readonly string[]): boolean {
  const isModel =
    (mainWeights(entries) ?? onlyIndex(entries)) !== undefined || entries.some((name) => NUMBERED.test(name));
  const holdsWeights = entries.some((name) => /^adapter_model.*\.(?:safetensors|bin)$/.test(name));
  return !isModel && entries.includes(ADAPTER_CONFIG) && (holdsWeights || !entries.includes('config.json'));
}

function filesAt(given: string, folder: string, entries: string[], shards: string[]): Location {
  return { path: given, folder, entries, shards, index: undefined, alone: false, adapter: false };
}

/** The adapter that `adapter_config.json` in this folder describes. */
function locateAdapter(given: string, folder: string, entries: string[]): Location {
  const files = entries.filter((entry) => ADAPTER.test(entry));
  const only = files.includes(ADAPTER_FILE) ? ADAPTER_FILE : files.length === 1 ? files[0] : undefined;
  if (only !== undefined) return adapterAt(given, folder, entries, only);
  const part = files.find((file) => NUMBERED.test(file));
  if (part !== undefined) throw inParts(folder, part);
  const others = weightFiles(entries);
  throw (
    foreignFormat(
      folder,
      entries.filter((entry) => entry.startsWith('adapter_model')),
    ) ??
    new FrankensteinError(
      'not-found',
      `${shown(folder)} holds an ${ADAPTER_CONFIG} but no ${ADAPTER_FILE}: ` +
        `the adapter's weights are ` +
        `missing${others.length > 0 ? `, or have another name than PEFT reads (there is ${others.slice(0, 3).map(shown).join(', ')})` : ''}.`,
    )
  );
}

/**
 * @throws `unsupported` for one part of several, which neither PEFT nor transformers reads, and which alone is half an
 * adapter.
 */
function adapterAt(given: string, folder: string, entries: string[], file: string): Location {
  if (Number(NUMBERED.exec(file)?.[3] ?? 1) > 1) throw inParts(folder, file);
  return { path: given, folder, entries, shards: [file], index: undefined, alone: false, adapter: true };
}

function inParts(folder: string, file: string): FrankensteinError {
  return new FrankensteinError(
    'unsupported',
    `${shown(folder)} holds an adapter in several files (${shown(file)}), which PEFT does not read: ` +
      `save it as one, ${ADAPTER_FILE}.`,
  );
}

async function locateFile(given: string, folder: string, name: string, signal?: AbortSignal): Promise<Location> {
  const entries = await list(folder);
  if (name === DEFAULT_FILE) return filesAt(given, folder, entries, [name]);
  const indexes = entries.filter((entry) => INDEX.test(entry));
  // The usual one first: variants may share shards with it.
  for (const index of indexes.sort((a, b) => Number(b === DEFAULT_INDEX) - Number(a === DEFAULT_INDEX))) {
    const location = await withIndex(given, folder, entries, index, signal);
    if (location.shards.includes(name)) return location;
  }
  const files = weightFiles(entries);
  const set = NUMBERED.test(name) ? numberedSet(folder, files, name) : undefined;
  const shards = set ?? [name];
  const exclusive = set === undefined && !(entries.includes('config.json') && files.length === 1);
  return { path: given, folder, entries, shards, index: undefined, alone: exclusive, adapter: false };
}

async function withIndex(
  given: string,
  folder: string,
  entries: string[],
  name: string,
  signal?: AbortSignal,
): Promise<Location> {
  const file = path.join(folder, name);
  const map = await readWeightMap(file, signal);
  return { path: given, folder, entries, shards: map.shards, index: { file, map }, alone: false, adapter: false };
}

/** Names of a model's weight files, sorted; an adapter's are not among them. */
export function weightFiles(entries: readonly string[]): string[] {
  return entries
    .filter((entry) => entry.endsWith('.safetensors') && !entry.startsWith('.') && !ADAPTER.test(entry))
    .sort();
}

/**
 * The whole set that `member` belongs to (or the only set there is) when shards are numbered but the index is lost.
 * @throws `not-found` when one is missing.
 */
function numberedSet(folder: string, files: readonly string[], member?: string): string[] | undefined {
  const stems = new Map<string, { prefix: string; count: number; total: string }>();
  for (const file of member === undefined ? files : [member]) {
    const [, prefix, , total] = NUMBERED.exec(file) ?? [];
    if (prefix !== undefined && total !== undefined)
      stems.set(`${prefix}/${total}`, { prefix, count: Number(total), total });
  }
  const [set] = stems.values();
  if (stems.size !== 1 || set === undefined) return undefined;
  const present = files.filter((file) => {
    const [, prefix, , total] = NUMBERED.exec(file) ?? [];
    return prefix === set.prefix && total === set.total;
  });
  if (present.length !== set.count) {
    throw new FrankensteinError(
      'not-found',
      `${shown(folder)} holds ${present.length} of the ${set.count} shards that their names promise ` +
        `(${shown(present[0] ?? '')}), and no index.`,
    );
  }
  return present;
}

/**
 * A repository of the Hugging Face cache (`models--org--name`): the snapshot that `refs/main` names, or the only one.
 */
async function hubSnapshot(folder: string, entries: readonly string[]): Promise<string | undefined> {
  if (!entries.includes('snapshots') || !(entries.includes('refs') || entries.includes('blobs'))) return undefined;
  const snapshots = (await list(path.join(folder, 'snapshots'))).filter((name) => !name.startsWith('.'));
  const main = await readMain(folder);
  const chosen = snapshots.find((name) => name === main) ?? (snapshots.length === 1 ? snapshots[0] : undefined);
  return chosen === undefined ? undefined : path.join(folder, 'snapshots', chosen);
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw fileError(error, folder);
  }
}
