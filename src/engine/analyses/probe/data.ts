/** The samples of a file, or of all files of a folder. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, quoted, shown, thousands } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { checkAllFound, chosen, type Choosing, idsIn } from '../../datasets/choose.js';
import { hashOf } from '../../datasets/dataFiles.js';
import type { DataSet, ReadOptions } from '../../datasets/jsonl.js';
import { linesLeftOut } from '../../datasets/leftOut.js';

const SET = /\.(?:jsonl|parquet)$/;

export interface SampleFiles<T> {
  items: T[];
  /** SHA-256 of the file's bytes; of a folder: of its files' names and hashes. Hex. */
  fingerprint: string;
  /** What was left out, in sentences. */
  warnings: string[];
}

/** The folder that images are named from in results. */
export async function folderOf(data: string): Promise<string> {
  return (await isFolder(data)) ? data : path.dirname(data);
}

/**
 * @param data a file, or a folder of them: they are read in the order of their names, as if they were one file.
 * @throws as `readJsonl`; `malformed` for an id that two files share.
 */
export async function readSampleFiles<T extends { id: string }>(
  data: string,
  read: (file: string, options: ReadOptions) => Promise<DataSet<T>>,
  options: ReadOptions,
): Promise<SampleFiles<T>> {
  if (!(await isFolder(data))) {
    const { items, badLines } = await read(data, options);
    return {
      items,
      fingerprint: await hashOf(data),
      warnings: linesLeftOut(badLines.map(({ line, why }) => `line ${thousands(line)} ${why}`)),
    };
  }
  const names = (await readdir(data).catch((error: unknown) => Promise.reject(fileError(error, data))))
    .filter((name) => SET.test(name))
    .sort();
  if (names.length === 0) throw new FrankensteinError('not-found', `${shown(data)} holds no .jsonl or .parquet file.`);
  const items: T[] = [];
  const bad: string[] = [];
  const owners = new Map<string, string>();
  const hash = createHash('sha256');
  for (const name of names) {
    const file = path.join(data, name);
    const set = await read(file, options);
    for (const item of set.items) {
      const owner = owners.get(item.id);
      if (owner !== undefined)
        throw new FrankensteinError(
          'malformed',
          `${shown(data)}: ${quoted(owner)} and ${quoted(name)} both have a sample with the id ${quoted(item.id)}.`,
        );
      owners.set(item.id, name);
      items.push(item);
    }
    bad.push(...set.badLines.map(({ line, why }) => `${shown(name)} line ${thousands(line)} ${why}`));
    hash.update(`${name}\0${await hashOf(file)}\n`);
  }
  return { items, fingerprint: hash.digest('hex'), warnings: linesLeftOut(bad) };
}

/**
 * What is asked of these samples.
 * @param choose of samples without a list of ids @throws `bad-request` for ids that name no sample
 */
export function choiceIn<T extends { id: string }>(
  items: readonly T[],
  choose: (items: readonly T[], of: Choosing) => T[],
  { choosing, idsFile, data }: { choosing: Choosing; idsFile: string | undefined; data: string },
): T[] {
  if (choosing.ids === undefined) return choose(items, choosing);
  const found = idsIn(path.basename(data), items, choosing.ids);
  checkAllFound(idsFile!, data, choosing.ids, new Set(found.keys()));
  return chosen(items, { ...choosing, ids: [...found.values()] });
}

async function isFolder(data: string): Promise<boolean> {
  return stat(data).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}
