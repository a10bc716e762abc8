/**
 * The Hugging Face cache: `models--org--name/{refs,snapshots,blobs}`. Where it lies follows `huggingface_hub`'s own
 * rules (its documentation, "Manage the cache"); nothing is fetched and nothing is written.
 */
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { REF_LIMIT, readText } from './text.js';

/** Characters of a revision that are shown. */
const SHORT_REVISION = 7;

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of the cache, by environment, whether or not it exists. */
export function hubFolder(environment: Environment = process.env): string {
  const home = environment['HOME'] ?? os.homedir();
  const from = (variable: string): string | undefined => {
    const value = environment[variable];
    if (value === undefined || value === '') return undefined;
    return value === '~' || value.startsWith('~/') ? path.join(home, value.slice(1)) : path.resolve(value);
  };
  const cache = from('XDG_CACHE_HOME') ?? path.join(home, '.cache');
  // The second is the older spelling of the first.
  return (
    from('HF_HUB_CACHE') ??
    from('HUGGINGFACE_HUB_CACHE') ??
    path.join(from('HF_HOME') ?? path.join(cache, 'huggingface'), 'hub')
  );
}

export interface Snapshot {
  folder: string;
  /** `org/name@revision`, the revision short. */
  label: string;
}

/** All snapshots of all models in the cache; per model, the one that `refs/main` names comes first. */
export async function hubSnapshots(hub: string): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for (const repository of await entries(hub)) {
    if (!repository.startsWith('models--')) continue;
    const root = path.join(hub, repository);
    const main = await readMain(root);
    const revisions = await entries(path.join(root, 'snapshots'));
    for (const revision of revisions.sort((a, b) => Number(b === main) - Number(a === main) || (a < b ? -1 : 1))) {
      const folder = path.join(root, 'snapshots', revision);
      found.push({ folder, label: checkpointLabel(folder) });
    }
  }
  return found;
}

/** The revision that `refs/main` of a cached repository names; undefined when there is none. */
export async function readMain(repositoryFolder: string): Promise<string | undefined> {
  return readText(path.join(repositoryFolder, 'refs', 'main'), REF_LIMIT).then(
    (text) => text.trim() || undefined,
    () => undefined,
  );
}

/** What people call the checkpoint in `folder`: `org/name@revision` in a cache, else the folder's name. */
export function checkpointLabel(folder: string): string {
  const cached = cachedSnapshot(folder);
  return cached === undefined
    ? path.basename(folder)
    : `${cached.repository}@${cached.revision.slice(0, SHORT_REVISION)}`;
}

/** `org/name` and the full revision of a snapshot folder of a cache; undefined for any other folder. */
export function cachedSnapshot(folder: string): { repository: string; revision: string } | undefined {
  const [repository, snapshots, revision] = path.resolve(folder).split(path.sep).slice(-3);
  if (snapshots !== 'snapshots' || revision === undefined || repository?.startsWith('models--') !== true)
    return undefined;
  return { repository: repository.slice('models--'.length).replace('--', '/'), revision };
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).then(
    (names) => names.filter((name) => !name.startsWith('.')).sort(),
    () => [],
  );
}
