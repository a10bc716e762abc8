/** Small text files beside the weights, read whole but never without a limit. */
import { fileError, malformed, thousands } from './failure.js';
import { readFully } from './read.js';
import { openRegular } from './regular.js';

/** Bytes of a file that holds the name of a revision. */
export const REF_LIMIT = 1024;

/**
 * @throws `malformed` when it is no regular file, longer than `limit` bytes, or no UTF-8; `not-found`, `permission`.
 */
export async function readText(path: string, limit: number, signal?: AbortSignal): Promise<string> {
  try {
    const handle = await openRegular(path);
    try {
      const { size } = await handle.stat();
      if (size > limit)
        throw malformed(path, `has ${thousands(size)} bytes; the limit for a file of its kind is ${thousands(limit)}.`);
      const bytes = await readFully(handle, path, 0, size, signal);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TypeError && (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw malformed(path, 'is not UTF-8 text.');
    throw fileError(error, path);
  }
}
