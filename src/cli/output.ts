/** Writing a result where the user wants it: a file, or stdout for `-`. */
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { FrankensteinError, writeFailure } from '../engine/errors.js';
import { print } from './terminal.js';

/** Written beside and renamed, so that a script never reads half a result. */
export async function writeOutput(target: string, content: string): Promise<void> {
  if (target === '-') return print(content);
  try {
    // A link stays a link, and a device or pipe (/dev/null) must not be replaced by a file.
    const real = await realpath(target).catch(() => target);
    if (await isSpecial(real)) await writeFile(real, content);
    else await writeBeside(real, content);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (writeFailure(error) === 'disk-full')
      throw new FrankensteinError('disk-full', `The disk is full: ${target} could not be written.`, { cause: error });
    if (code === 'EPIPE') return; // the reader of a pipe went away
    if (code === 'EISDIR')
      throw new FrankensteinError('bad-request', `${target} is a folder; name a file.`, { cause: error });
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new FrankensteinError('bad-request', `${target} cannot be written: its folder does not exist.`, {
        cause: error,
      });
    throw new FrankensteinError('permission', `${target} cannot be written (${code ?? String(error)}).`, {
      cause: error,
    });
  }
}

async function isSpecial(file: string): Promise<boolean> {
  return stat(file).then(
    (facts) => !facts.isFile() && !facts.isDirectory(),
    () => false,
  );
}

async function writeBeside(file: string, content: string): Promise<void> {
  const beside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(beside, content);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
