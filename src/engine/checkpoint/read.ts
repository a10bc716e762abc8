/**
 * Bytes of tensors for small consumers: positions beyond 2³¹, short reads and files that shrink while they are read
 * are dealt with here. Large comparisons map the files instead (`runtime/`).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import type { StoredTensor } from './checkpoint.js';
import { fileError, shown } from './failure.js';

/** Bytes asked of the system at once: Linux returns at most 2 GiB − 4 KiB per read, and cancelling waits for one. */
const READ_BYTES = 64 * 1024 * 1024;

/**
 * Bytes `begin` (inclusive) to `end` (exclusive) of the tensor, counted from its first byte; all of it when left out.
 * @throws `changed` when the file has become shorter, `permission`, `not-found`.
 */
export async function readBytes(tensor: StoredTensor, begin = 0, end = tensor.end - tensor.begin, signal?: AbortSignal): Promise<Uint8Array> {
  if (!(begin >= 0 && begin <= end && end <= tensor.end - tensor.begin)) {
    throw new RangeError(`bytes ${begin}…${end} of a tensor of ${tensor.end - tensor.begin}`);
  }
  return readRange(tensor.shard.realPath, tensor.begin + begin, tensor.begin + end, signal);
}

/**
 * The tensor in pieces of at most `chunkBytes`, which the caller makes a multiple of the element's width.
 * @throws as `readBytes`.
 */
export async function* readChunks(tensor: StoredTensor, chunkBytes: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const bytes = tensor.end - tensor.begin;
  for (let begin = 0; begin < bytes; begin += chunkBytes) {
    yield await readBytes(tensor, begin, Math.min(begin + chunkBytes, bytes), signal);
  }
}

/** Bytes `begin` (inclusive) to `end` (exclusive) of a file. Errors as `readBytes`. */
export async function readRange(path: string, begin: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    return await readFully(handle, path, begin, end, signal);
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await handle?.close();
  }
}

/** The same of a file that is open. `path` is for the message. */
export async function readFully(handle: FileHandle, path: string, begin: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  for (let done = 0; done < bytes.length; ) {
    throwIfCancelled(signal);
    const { bytesRead } = await handle.read(bytes, done, Math.min(READ_BYTES, bytes.length - done), begin + done);
    if (bytesRead === 0) {
      throw new FrankensteinError('changed', `${shown(path)} became shorter while it was read: byte ${begin + done} is no longer there.`);
    }
    done += bytesRead;
  }
  return bytes;
}
