/**
 * The one reader of tensors: their values, or their bytes in their dtype, from any element on, whether they lie in a
 * file or are computed. Large comparisons of stored tensors map the files instead (`runtime/`).
 */
import type { FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from '../errors.js';
import type { ComputedTensor, Dtype, StoredTensor, Tensor } from '../checkpoint/checkpoint.js';
import { evaluate } from './computed.js';
import { decode, DTYPE_BYTES } from '../checkpoint/decode.js';
import { encodeInto, roundTo } from '../checkpoint/encode.js';
import { fileError } from '../checkpoint/failure.js';
import { readFullyInto } from '../checkpoint/read.js';
import { openRegular } from '../checkpoint/regular.js';

/** Bytes decoded at once. */
const STEP_BYTES = 1 << 20;

export function bytesOf(tensor: Tensor): number {
  return tensor.size * DTYPE_BYTES[tensor.dtype];
}

/**
 * Values of the elements from `first` on, until `target` is full. Float64 holds every value exactly but 64-bit
 * integers; fp32 rounds those that it cannot hold.
 * @throws `changed`, `not-found`, `permission`, `cancelled`, and what the evaluation of a computed tensor throws.
 */
export async function readElements(
  tensor: Tensor,
  first: number,
  target: Float64Array | Float32Array,
  signal?: AbortSignal,
): Promise<void> {
  checkRange(tensor, first, target.length);
  if (tensor.expression === undefined) return readStored(tensor, first, target, signal);
  await compute(tensor, first, target.length, signal, (values, at) => target.set(values, at));
}

/**
 * Bytes of the elements from `first` on, in the tensor's dtype, until `target` is full; its length is a whole number of
 * elements. Errors as `readElements`.
 */
export async function readInto(tensor: Tensor, first: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
  const width = DTYPE_BYTES[tensor.dtype];
  checkRange(tensor, first, target.length / width);
  if (tensor.expression !== undefined) {
    return compute(tensor, first, target.length / width, signal, (values, at) =>
      encodeInto(tensor.dtype, values, target.subarray(at * width, (at + values.length) * width)),
    );
  }
  const {
    shard: { realPath },
    begin,
  } = tensor;
  await withFile(realPath, (handle) => readFullyInto(handle, realPath, begin + first * width, target, signal));
}

/**
 * Elements `first` to `end` (exclusive) as bytes in the tensor's dtype; all of them when left out. Errors as
 * `readElements`.
 */
export async function readBytes(
  tensor: Tensor,
  first = 0,
  end = tensor.size,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  checkRange(tensor, first, end - first);
  const bytes = new Uint8Array((end - first) * DTYPE_BYTES[tensor.dtype]);
  await readInto(tensor, first, bytes, signal);
  return bytes;
}

/** The values, rounded to the dtype; handed on before the next block is computed. */
function compute(
  tensor: ComputedTensor,
  first: number,
  count: number,
  signal: AbortSignal | undefined,
  take: (values: Float64Array | Float32Array, at: number) => void,
): Promise<void> {
  return evaluate(
    tensor,
    first,
    count,
    (source, from, into) => readElements(source, from, into, signal),
    (values, at) => {
      throwIfCancelled(signal);
      roundTo(tensor.dtype, values);
      take(values, at);
    },
  );
}

async function readStored(
  tensor: StoredTensor,
  first: number,
  target: Float64Array | Float32Array,
  signal?: AbortSignal,
): Promise<void> {
  const {
    dtype,
    begin,
    shard: { realPath },
  } = tensor;
  const width = DTYPE_BYTES[dtype];
  await withFile(realPath, async (handle) => {
    if ((dtype === 'F32' && target instanceof Float32Array) || (dtype === 'F64' && target instanceof Float64Array)) {
      return readFullyInto(
        handle,
        realPath,
        begin + first * width,
        new Uint8Array(target.buffer, target.byteOffset, target.byteLength),
        signal,
      );
    }
    const step = Math.min(target.length, STEP_BYTES / width);
    const bytes = new Uint8Array(step * width);
    for (let done = 0; done < target.length; done += step) {
      const count = Math.min(step, target.length - done);
      const some = bytes.subarray(0, count * width);
      await readFullyInto(handle, realPath, begin + (first + done) * width, some, signal);
      widen(dtype, some, target.subarray(done, done + count));
    }
  });
}

/** Values of `bytes`, which are elements in `dtype`. */
function widen(dtype: Dtype, bytes: Uint8Array, target: Float64Array | Float32Array): void {
  if (dtype === 'BF16' && target instanceof Float32Array) {
    // A bfloat16 is the upper half of a float32. This loop is ten times faster than the general one.
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, target.length);
    const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
    for (let index = 0; index < words.length; index++) words[index] = halves[index]! << 16;
  } else {
    target.set(decode(dtype, bytes));
  }
}

async function withFile(realPath: string, action: (handle: FileHandle) => Promise<void>): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await openRegular(realPath);
    await action(handle);
  } catch (error) {
    throw fileError(error, realPath);
  } finally {
    await handle?.close();
  }
}

function checkRange(tensor: Tensor, first: number, count: number): void {
  if (!(
    Number.isInteger(first) &&
    Number.isInteger(count) &&
    first >= 0 &&
    count >= 0 &&
    first + count <= tensor.size
  )) {
    throw new RangeError(`elements ${first}…${first + count} of a tensor of ${tensor.size}`);
  }
}
