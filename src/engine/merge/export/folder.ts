/** The folder that is written: free, with room, under another name until it is whole. */
import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError, writeFailure } from '../../errors.js';

/** Beside the weights: configs, tokenizers, file system overhead. */
const SPARE_BYTES = 64 << 20;

export async function checkFree(out: string): Promise<void> {
  const facts = await stat(out).catch(() => undefined);
  if (facts === undefined) return;
  if (!facts.isDirectory())
    throw new FrankensteinError('bad-request', `${shown(out)} is a file; name a folder that does not exist yet.`);
  if ((await readdir(out)).length > 0)
    throw new FrankensteinError(
      'bad-request',
      `${shown(out)} is there already and not empty; nothing in it was touched. Name another folder.`,
    );
}

/** Hidden, beside the final folder; the machine's name, since a folder may be on a share. */
export function partialOf(out: string, pid: number | string): string {
  return `.${path.basename(out)}.${hostname()}-${pid}.partial`;
}

/** What exports to the same place left that were killed here. */
export async function removeLeftovers(out: string): Promise<void> {
  const parent = path.dirname(out);
  for (const name of await readdir(parent)) {
    const pid = Number(/-(\d+)\.partial$/.exec(name)?.[1]);
    if (name === partialOf(out, pid) && (pid === process.pid || !isRunning(pid)))
      await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export async function checkRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = bytes + SPARE_BYTES;
  if (free < needed)
    throw new FrankensteinError(
      'disk-full',
      `The checkpoint takes ${sizeText(bytes)}, ${sizeText(needed)} with room for its other files, ` +
        `and ${shown(folder)} has ${sizeText(free)} left: free some space or name another folder.`,
    );
}

function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What the file system says, in a sentence. */
export async function explain<T>(out: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof FrankensteinError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = writeFailure(error);
    if (why === 'disk-full')
      throw new FrankensteinError(
        'disk-full',
        `The disk became full while ${shown(out)} was written. What was begun has been removed.`,
        { cause: error },
      );
    if (why === 'permission')
      throw new FrankensteinError('permission', `${shown(out)} may not be written: no permission for its folder.`, {
        cause: error,
      });
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR')
      throw new FrankensteinError(
        'bad-request',
        `${shown(out)} is there already; nothing in it was touched. Name another folder.`,
        { cause: error },
      );
    throw error;
  }
}
