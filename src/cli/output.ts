/** Writing a result where the user wants it: a file, or stdout for `-`. */
import { writeFile, rename, rm } from 'node:fs/promises';
import { FrankensteinError } from '../engine/errors.js';
import { print } from './terminal.js';

/** Written beside and renamed, so that a script never reads half a result. */
export async function writeOutput(target: string, content: string): Promise<void> {
  if (target === '-') return print(content);
  const beside = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(beside, content);
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new FrankensteinError('disk-full', `The disk is full: ${target} could not be written.`, { cause: error });
    if (code === 'ENOENT') throw new FrankensteinError('bad-request', `${target} cannot be written: its folder does not exist.`, { cause: error });
    throw new FrankensteinError('permission', `${target} cannot be written (${code ?? String(error)}).`, { cause: error });
  }
}
