/**
 * A worker's part of an export: bytes that lie in a file move as they are, computed weights are written as they come.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { ComputedTensor } from '../../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';

export interface WriteJob {
  /** Exists, and is as long as it will be. */
  file: string;
  /** Byte offset in it. */
  at: number;
  /** What goes there. */
  from: { realPath: string; begin: number; end: number } | { tensor: ComputedTensor };
}

/**
 * Bytes moved at once: with 1 MiB or more they have left the cache nearest to the core before they are written
 * (measured).
 */
const BLOCK = 1 << 18;

let block: Uint8Array | undefined;

/** @throws what the file system throws; `changed` when the source has become shorter. */
export async function writePart({ file, at, from }: WriteJob): Promise<void> {
  const target = openSync(file, 'r+');
  try {
    if ('tensor' in from) await writeComputed(target, at, from.tensor);
    else copy(target, at, from);
  } finally {
    closeSync(target);
  }
}

function copy(
  target: number,
  at: number,
  { realPath, begin, end }: { realPath: string; begin: number; end: number },
): void {
  const bytes = (block ??= new Uint8Array(BLOCK));
  const source = openSync(realPath, 'r');
  try {
    for (let done = begin; done < end;) {
      const count = readSync(source, bytes, 0, Math.min(BLOCK, end - done), done);
      if (count === 0) throw new FrankensteinError('changed', `${shown(realPath)} became shorter while it was read.`);
      writeAll(target, bytes.subarray(0, count), at + done - begin);
      done += count;
    }
  } finally {
    closeSync(source);
  }
}

async function writeComputed(target: number, at: number, tensor: ComputedTensor): Promise<void> {
  // A thread that only moves bytes needs none of it.
  const [{ evaluate }, { readElements }, { encodeInto, roundTo }] = await Promise.all([
    import('../../tensors/computed.js'),
    import('../../tensors/elements.js'),
    import('../../checkpoint/encode.js'),
  ]);
  const width = DTYPE_BYTES[tensor.dtype];
  await evaluate(tensor, 0, tensor.size, readElements, (values, first) => {
    roundTo(tensor.dtype, values);
    const bytes = new Uint8Array(values.length * width);
    encodeInto(tensor.dtype, values, bytes);
    writeAll(target, bytes, at + first * width);
  });
}

/** A write may be cut short by a signal or a full disk. */
function writeAll(target: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(target, bytes, done, bytes.length - done, at + done);
}
