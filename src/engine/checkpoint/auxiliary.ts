/** Reads the text files beside the weights and lists those that differ between the stages of a lineage. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FileDifference } from './fileDifference.js';
import { throwIfCancelled } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import { fileError } from './failure.js';
import { parsePythonJson } from './json.js';
import { readFully } from './read.js';
import { openRegular } from './regular.js';
import { readText } from './text.js';

/** Whatever a tokenizer reads, its chat template included. */
export const TOKENIZER_FILES: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'chat_template.json',
  'chat_template.jinja',
];

/** Files that shape what a model does with the same weights. Names as transformers writes them. */
export const AUXILIARY_FILES: readonly string[] = [
  'config.json',
  'generation_config.json',
  ...TOKENIZER_FILES,
  'preprocessor_config.json',
  'image_preprocessor_config.json',
  'video_preprocessor_config.json',
  'processor_config.json',
];

/** Bytes up to which a JSON file is compared by value; the largest tokenizers have 35 MB. */
const JSON_LIMIT = 128 * 1024 * 1024;
/** Keys listed per file. */
const KEY_LIMIT = 50;
/** Arrays up to this length are compared item by item: a shifted list of 150,000 merges says nothing by item. */
const SHORT_ARRAY = 16;
/** Nesting followed when values are compared; deeper ones count as one value. */
const DEPTH_LIMIT = 100;
/** Bytes compared at once. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Paths of those of `entries` (names in `folder`) that are auxiliary files, in the order above. */
export function auxiliaryFiles(folder: string, entries: readonly string[]): Map<string, string> {
  return new Map(
    AUXILIARY_FILES.filter((file) => entries.includes(file)).map((file) => [file, path.join(folder, file)]),
  );
}

/**
 * Auxiliary files that differ between neighbouring stages. JSON is compared by value (order of keys and white space do
 * not count), everything else, and JSON that does not parse, by its bytes.
 * @throws `permission`, `not-found`, `cancelled`
 */
export async function differingFiles(
  checkpoints: readonly Checkpoint[],
  signal?: AbortSignal,
): Promise<FileDifference[]> {
  const differences: FileDifference[] = [];
  for (let from = 0; from + 1 < checkpoints.length; from++) {
    const [before, after] = [checkpoints[from]!, checkpoints[from + 1]!];
    for (const file of AUXILIARY_FILES) {
      throwIfCancelled(signal);
      const [had, has] = [before.files.get(file), after.files.get(file)];
      if (had !== undefined && has !== undefined) {
        const keys = await differingKeys(had, has, signal);
        if (keys !== undefined) differences.push({ file, from, kind: 'changed', keys });
      } else if (had !== undefined || has !== undefined) {
        differences.push({ file, from, kind: has !== undefined ? 'added' : 'removed', keys: [] });
      }
    }
  }
  return differences;
}

/** Undefined when the files mean the same; else the keys that differ, none for files that are no JSON. */
async function differingKeys(before: string, after: string, signal?: AbortSignal): Promise<string[] | undefined> {
  if (await sameBytes(before, after, signal)) return undefined;
  if (!before.endsWith('.json')) return [];
  let values: [unknown, unknown];
  try {
    values = [
      parsePythonJson(await readText(before, JSON_LIMIT, signal), before),
      parsePythonJson(await readText(after, JSON_LIMIT, signal), after),
    ];
  } catch (error) {
    if (fileError(error, before).code === 'malformed') return [];
    throw error;
  }
  const keys: string[] = [];
  collectKeys(values[0], values[1], '', keys, 0);
  return keys.length === 0 ? undefined : keys;
}

/** Adds the dotted paths at which `a` and `b` differ, until there are `KEY_LIMIT`. */
function collectKeys(a: unknown, b: unknown, at: string, keys: string[], depth: number): void {
  if (keys.length >= KEY_LIMIT || a === b) return;
  const child = (key: string | number) => (at === '' ? String(key) : `${at}.${key}`);
  if (depth < DEPTH_LIMIT && isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (Object.hasOwn(a, key) && Object.hasOwn(b, key)) collectKeys(a[key], b[key], child(key), keys, depth + 1);
      else if (keys.length < KEY_LIMIT) keys.push(child(key));
    }
  } else if (
    depth < DEPTH_LIMIT &&
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.length <= SHORT_ARRAY
  ) {
    for (let index = 0; index < a.length; index++) collectKeys(a[index], b[index], child(index), keys, depth + 1);
  } else if (!sameValue(a, b)) {
    // The file itself may be one value that is no object.
    keys.push(at === '' ? '(whole file)' : at);
  }
}

function sameValue(a: unknown, b: unknown): boolean {
  try {
    return isDeepStrictEqual(a, b);
  } catch (error) {
    if (error instanceof RangeError) return false; // nested deeper than the stack, which no file of a model is
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function sameBytes(before: string, after: string, signal?: AbortSignal): Promise<boolean> {
  const [a, b] = await Promise.all([openFile(before), openFile(after)]);
  try {
    // Two snapshots of the Hugging Face cache share a blob.
    if (a.real === b.real) return true;
    if (a.bytes !== b.bytes) return false;
    for (let begin = 0; begin < a.bytes; begin += CHUNK_BYTES) {
      const end = Math.min(begin + CHUNK_BYTES, a.bytes);
      const [left, right] = await Promise.all([
        readFully(a.handle, before, begin, end, signal),
        readFully(b.handle, after, begin, end, signal),
      ]);
      if (Buffer.compare(left, right) !== 0) return false;
    }
    return true;
  } finally {
    await Promise.all([a.handle.close(), b.handle.close()]);
  }
}

/**
 * SHA-256, hex, of each of a checkpoint's `files`, by name.
 * @throws `permission`, `not-found`, `malformed`, `cancelled`
 */
export async function contentsOf(
  files: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<[name: string, hash: string][]> {
  const contents: [string, string][] = [];
  for (const [name, file] of files) {
    const { handle, bytes } = await openFile(file);
    try {
      const hash = createHash('sha256');
      for (let begin = 0; begin < bytes; begin += CHUNK_BYTES)
        hash.update(await readFully(handle, file, begin, Math.min(begin + CHUNK_BYTES, bytes), signal));
      contents.push([name, hash.digest('hex')]);
    } finally {
      await handle.close();
    }
  }
  return contents;
}

async function openFile(file: string) {
  try {
    const real = await realpath(file);
    const handle = await openRegular(real);
    return { real, handle, bytes: (await handle.stat()).size };
  } catch (error) {
    throw fileError(error, file);
  }
}
