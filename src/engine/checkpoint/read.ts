/**
 * Byte ranges of files: positions beyond 2³¹, short reads and files that shrink while they are read are dealt with
 * here. Tensors are read through `elements.ts`, and by comparisons through `analyses/compare/sums.ts`.
 */
import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { fileError, shown } from './failure.js';
import { openRegular } from './regular.js';

/** Bytes asked of the system at once: Linux returns at most 2 GiB − 4 KiB per read, and cancelling waits for one. */
const READ_BYTES = 64 * 1024 * 1024;

/**
 * Bytes `begin` (inclusive) to `end` (exclusive) of a file.
 * @throws `changed` when the file has become shorter, `permission`, `not-found`, `cancelled`.
 */
export async function readRange(path: string, begin: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await openRegular(path);
    return await readFully(handle, path, begin, end, signal);
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await handle?.close();
  }
}

/** The same of a file that is open. `path` is for the message. */
export async function readFully(
  handle: FileHandle,
  path: string,
  begin: number,
  end: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  await readFullyInto(handle, path, begin, bytes, signal);
  return bytes;
}

/** The same, into memory that is there: from byte `begin` on until `target` is full. */
export async function readFullyInto(
  handle: FileHandle,
  path: string,
  begin: number,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  for (let done = 0; done < target.length;) {
    throwIfCancelled(signal);
    const { bytesRead } = await handle.read(target, done, Math.min(READ_BYTES, target.length - done), begin + done);
    if (bytesRead === 0) throw tooShort(path, begin + done);
    done += bytesRead;
  }
}

/**
 * The same without leaving the thread: for small parts one after the other, of which each would wait for the system.
 */
export function readNow(descriptor: number, path: string, begin: number, target: Uint8Array): void {
  for (let done = 0; done < target.length;) {
    const bytesRead = readSync(descriptor, target, done, target.length - done, begin + done);
    if (bytesRead === 0) throw tooShort(path, begin + done);
    done += bytesRead;
  }
}

function tooShort(path: string, at: number): FrankensteinError {
  return new FrankensteinError(
    'changed',
    `${shown(path)} became shorter while it was read: byte ${at} is no longer there.`,
  );
}
