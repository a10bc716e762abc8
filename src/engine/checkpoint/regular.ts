/** Opens files whose paths come from untrusted input: regular files only. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { fileError, malformed } from './failure.js';

/**
 * Opens a file for reading. `name` is what people call it, where that is not its path. A named pipe would wait for a
 * writer for ever, and a device never ends: neither is opened.
 * @throws `malformed` for what is no regular file; `not-found`, `permission`
 */
export async function openRegular(path: string, name = path): Promise<FileHandle> {
  try {
    if (!(await stat(path)).isFile()) throw malformed(name, 'is not a regular file.');
    return await open(path, 'r');
  } catch (error) {
    throw fileError(error, name);
  }
}
