/** `model.safetensors.index.json`: which shard holds which tensor. */
import { posix } from 'node:path';
import { malformed, quoted } from './failure.js';
import { parseStrictJson } from './json.js';
import { readText } from './text.js';

/** Bytes. Indexes of published checkpoints stay below 30 MB; a JavaScript string ends at 512 MB. */
const INDEX_LIMIT = 256 * 1024 * 1024;

/** A million tensors, and some metadata. */
const INDEX_LIMITS = { depth: 8, keys: 1_100_000, elements: 1_100_000 };

export interface WeightMap {
  /** Shard name per tensor name on disk. */
  shardOf: Map<string, string>;
  /**
   * Each shard once, in the order in which transformers reads them: that of the names as the index spells them.
   * Relative, with forward slashes, never leaving the folder.
   */
  shards: string[];
}

/**
 * @param path of the index.
 * @throws `malformed`, `not-found`, `permission`
 */
export async function readWeightMap(path: string, signal?: AbortSignal): Promise<WeightMap> {
  const text = await readText(path, INDEX_LIMIT, signal);
  const index = parseStrictJson(text, path, 'index', INDEX_LIMITS);
  const map: unknown = isObject(index) ? index['weight_map'] : undefined;
  if (!isObject(map)) throw malformed(path, 'has no "weight_map", which should say where each tensor is.');
  const shardOf = new Map<string, string>();
  const checked = new Set<string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (tensor === '__proto__')
      throw malformed(
        path,
        'names a tensor "__proto__", which no model does and which can corrupt programs that read it.',
      );
    if (typeof shard !== 'string') throw malformed(path, `does not name a file for the tensor ${quoted(tensor)}.`);
    const why = checked.has(shard) ? undefined : refusal(shard);
    if (why !== undefined)
      throw malformed(path, `points to ${quoted(shard)}, ${why}; shards must lie inside the checkpoint's folder.`);
    checked.add(shard);
    shardOf.set(tensor, shard);
  }
  if (shardOf.size === 0) throw malformed(path, 'lists no tensor.');
  // A file under two spellings is read where the last of them stands.
  const plain = new Map([...checked].sort().map((shard) => [shard, plainPath(shard)]));
  const shards = [...plain.values()];
  for (const [tensor, shard] of shardOf) {
    const read = plain.get(shard)!;
    if (read !== shard) shardOf.set(tensor, read);
  }
  return { shardOf, shards: [...new Set(shards.reverse())].reverse() };
}

/** `./a//b` is `a/b`. */
function plainPath(shard: string): string {
  return posix.normalize(shard);
}

/**
 * Why a shard's name is not followed. Names only: a link that lies on disk under a proper name may lead anywhere,
 * since the Hugging Face cache is made of such links and whoever could place one could copy the file as well.
 */
function refusal(shard: string): string | undefined {
  if (shard === '') return 'an empty name';
  if (shard.includes('\0')) return 'a name with a zero byte';
  if (shard.startsWith('/') || shard.startsWith('\\') || /^[A-Za-z]:/.test(shard)) return 'an absolute path';
  const segments = shard.split(/[/\\]/);
  if (segments.includes('..')) return 'a path outside the folder';
  if (shard.includes('\\') || shard.endsWith('/') || segments.at(-1) === '.') return 'not a plain file name';
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
