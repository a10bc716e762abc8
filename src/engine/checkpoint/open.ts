/** Opens a checkpoint: follows the index, reads headers by byte range, and checks every number before it is used. */
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { describeModel } from '../topology/model.js';
import { auxiliaryFiles } from './auxiliary.js';
import type { Checkpoint, Shard, StoredTensor, Tensor } from './checkpoint.js';
import { fileError, malformed, quoted, shown, thousands } from './failure.js';
import { parsePythonJson } from './json.js';
import { type Location, locate } from './locate.js';
import { type Header, readHeader } from './safetensors.js';
import { readText } from './text.js';

/** Bytes. Real ones have a few kilobytes. */
const CONFIG_LIMIT = 16 * 1024 * 1024;

interface OpenedShard {
  shard: Shard;
  header: Header;
}

/**
 * Opens the checkpoint that `given` points at: a folder, its config.json, its index, model.safetensors, any shard, or
 * a lone .safetensors file. Reads headers, index and config; no weights.
 * @throws `not-found`, `permission`, `malformed`, `unsupported`, `changed`, `cancelled`
 */
export async function openCheckpoint(given: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Checkpoint> {
  const { signal } = options;
  throwIfCancelled(signal);
  const location = await locate(given, signal);
  const config = await readConfig(location, signal);
  const opened: OpenedShard[] = [];
  for (const name of location.shards) {
    throwIfCancelled(signal);
    opened.push(await openShard(location, name, signal));
  }
  const warnings: string[] = [];
  const stored = collectTensors(location, opened, warnings);
  const model = describeModel(stored.map((tensor) => tensor.onDisk), config);
  const tensors = new Map<string, Tensor>();
  for (const tensor of stored) {
    const name = model.names.get(tensor.onDisk) ?? tensor.onDisk;
    tensors.set(name, { ...tensor, name });
  }
  return {
    path: location.path,
    folder: location.folder,
    shards: opened.map(({ shard }) => shard),
    tensors,
    config,
    family: model.family,
    layout: model.layout,
    layers: model.layers,
    visionLayers: model.visionLayers,
    visionStacks: model.visionStacks,
    files: location.alone ? new Map<string, string>() : auxiliaryFiles(location.folder, location.entries),
    warnings: [...warnings, ...model.warnings],
  };
}

async function readConfig(location: Location, signal?: AbortSignal): Promise<Checkpoint['config']> {
  if (location.alone || !location.entries.includes('config.json')) return undefined;
  const file = path.join(location.folder, 'config.json');
  const config = parsePythonJson(await readText(file, CONFIG_LIMIT, signal), file);
  if (typeof config !== 'object' || config === null || Array.isArray(config)) throw malformed(file, 'is not a JSON object.');
  return config as Record<string, unknown>;
}

async function openShard(location: Location, name: string, signal?: AbortSignal): Promise<OpenedShard> {
  const file = path.join(location.folder, name);
  let handle: FileHandle | undefined;
  try {
    const realPath = await realpath(file);
    // Before opening: a named pipe would wait for a writer for ever.
    if (!(await stat(realPath)).isFile()) throw malformed(file, 'is not a regular file.');
    handle = await open(realPath, 'r');
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
    const why = linked ? 'is a link to a file that is not there: the download is incomplete, or its target was removed' : `is missing, though ${shown(path.basename(location.index?.file ?? location.path))} names it`;
    throw new FrankensteinError('not-found', `${shown(file)} ${why}.`, { cause: error });
  } finally {
    await handle?.close();
  }
}

type Found = Omit<StoredTensor, 'name'>;

/** All tensors in file order, held against the index where there is one. */
function collectTensors(location: Location, opened: readonly OpenedShard[], warnings: string[]): Found[] {
  const shardOf = location.index?.map.shardOf;
  const found = new Map<string, Found>();
  const unlisted: string[] = [];
  for (const { shard, header } of opened) {
    for (const { name, ...stored } of header.tensors) {
      if (shardOf !== undefined && shardOf.get(name) !== shard.name) {
        unlisted.push(name);
      } else if (found.has(name)) {
        throw malformed(path.join(location.folder, shard.name), `holds the tensor ${quoted(name)}, which ${shown(found.get(name)!.shard.name)} holds too, and no index says which counts.`);
      } else {
        found.set(name, { ...stored, onDisk: name, shard });
      }
    }
  }
  if (location.index !== undefined && shardOf !== undefined && found.size < shardOf.size) {
    for (const [name, shard] of shardOf) {
      if (!found.has(name)) throw malformed(location.index.file, `says that ${quoted(name)} is in ${shown(shard)}, but that file has no such tensor.`);
    }
  }
  if (unlisted.length > 0) {
    warnings.push(`${thousands(unlisted.length)} stored ${unlisted.length === 1 ? 'tensor is' : 'tensors are'} not in the index under the file that holds ${unlisted.length === 1 ? 'it' : 'them'}, and left out as every loader does: ${unlisted.slice(0, 3).map(quoted).join(', ')}${unlisted.length > 3 ? ', …' : ''}.`);
  }
  if (found.size === 0) throw malformed(location.path, 'holds no tensor.');
  return [...found.values()];
}
