/**
 * Where the base of an adapter lies: in front of it, as `BASE+ADAPTER` (mergekit's way to write it), or where the
 * adapter's config says. What a config names is looked for on this machine and nowhere else.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { FrankensteinError } from '../errors.js';
import { quoted, shown } from './failure.js';
import { hubFolder } from './hub.js';
import { isAdapterFolder, weightFiles } from './locate.js';
import { REF_LIMIT, readText } from './text.js';

/**
 * Folders above the adapter's in which a relative path is tried: trainers write it relative to where they were started.
 */
const LEVELS = 5;

/**
 * The folder that `name` (`base_model_name_or_path`) means for the adapter in `folder`: a path, absolute or relative to
 * the adapter or a folder above it, or a model of the Hugging Face cache.
 * @throws `no-base` when it is not on this machine.
 */
export async function findBase(
  folder: string,
  name: string | undefined,
  revision: string | undefined,
): Promise<string> {
  const way = 'name both, as BASE+ADAPTER';
  if (name === undefined)
    throw new FrankensteinError('no-base', `The adapter ${shown(folder)} does not say what its base is: ${way}.`);
  if (!isElsewhere(name) && !name.includes('\0')) {
    // The adapter itself is not its base, whatever its name; a model in the same folder may be.
    const entries = await readdir(folder).catch((): string[] => []);
    const holdsModel = weightFiles(entries).length > 0 && !isAdapterFolder(entries);
    for (const place of places(folder, name))
      if ((holdsModel || place !== folder) && (await isThere(place))) return place;
    const cached = await inCache(name, revision);
    if (cached !== undefined) return cached;
  }
  throw new FrankensteinError(
    'no-base',
    `The adapter ${shown(folder)} belongs on ` +
      `${quoted(name)}${revision === undefined ? '' : ` (revision ${quoted(revision)})`}, ` +
      `which is neither a folder here nor in the Hugging Face cache: ${way}.`,
  );
}

/** Whether a name leads to another machine: a share would be logged in to by looking whether it is there. */
export function isElsewhere(name: string): boolean {
  return /^(?:[\\/]{2}|[a-z][a-z\d+.-]+:\/\/)/i.test(name);
}

/**
 * `BASE+ADAPTER` taken apart, both absolute; the base may be such a pair again. A path that exists as it is has no base
 * in it, whatever its name.
 */
export async function splitBase(given: string): Promise<{ base: string | undefined; own: string }> {
  if (!given.includes('+') || (await isThere(given))) return { base: undefined, own: given };
  for (let plus = given.lastIndexOf('+'); plus > 0; plus = given.lastIndexOf('+', plus - 1)) {
    const own = given.slice(plus + 1);
    if (own === '' || !(await isThere(own))) continue;
    const before = await splitBase(given.slice(0, plus));
    if (before.base !== undefined) return { base: `${before.base}+${before.own}`, own: path.resolve(own) };
    if (await isThere(before.own)) return { base: path.resolve(before.own), own: path.resolve(own) };
  }
  return { base: undefined, own: given };
}

function places(folder: string, name: string): string[] {
  if (path.isAbsolute(name)) return [path.resolve(name)];
  const found: string[] = [];
  let from = folder;
  for (let level = 0; level <= LEVELS; level++) {
    found.push(path.resolve(from, name));
    from = path.dirname(from);
  }
  return [...new Set(found)];
}

/** The folder of a repository, or of one revision of it, in the Hugging Face cache. */
export async function inCache(name: string, revision: string | undefined): Promise<string | undefined> {
  if (!/^[\w.-]+(?:\/[\w.-]+)?$/.test(name)) return undefined;
  const repository = path.join(hubFolder(), `models--${name.replace('/', '--')}`);
  const snapshots = await readdir(path.join(repository, 'snapshots')).catch((): string[] => []);
  if (snapshots.length === 0) return undefined;
  // `locate` takes the snapshot that refs/main names.
  if (revision === undefined || !/^[\w.-]+$/.test(revision)) return repository;
  const commit = await readText(path.join(repository, 'refs', revision), REF_LIMIT).then(
    (text) => text.trim(),
    () => revision,
  );
  return snapshots.includes(commit) ? path.join(repository, 'snapshots', commit) : undefined;
}

function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

/** Whether a path is taken for a recipe: mergekit's configs have no ending of their own. */
export function isRecipePath(given: string): boolean {
  return /\.ya?ml$/i.test(given);
}
