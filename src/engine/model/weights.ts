/**
 * Reading weights into the shape graphs take: matrices that are used together stacked into one, vectors as fp32.
 * Sixteen-bit matrices can stay as they are on disk; anything else becomes fp32.
 */
import * as ort from 'onnxruntime-node';
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.js';
import { decode } from '../checkpoint/decode.js';
import { quoted, shown } from '../checkpoint/failure.js';
import { readBytes } from '../checkpoint/read.js';
import { FrankensteinError } from '../errors.js';
import type { WeightFormat } from './graphs/ops.js';
import { tensorOf } from './spec.js';

/** Named inputs of a graph. */
export type Feeds = Record<string, ort.Tensor>;

/** One input made of stored tensors, stacked by rows. */
export interface WeightPart {
  input: string;
  /** Canonical names. */
  names: readonly string[];
  /** Of the whole: `[rows, columns]`, or `[size]`. */
  dims: readonly number[];
}

/** Bytes that the parts take in memory: matrices in `format`, vectors in fp32. */
export function bytesOfParts(parts: readonly WeightPart[], format: WeightFormat): number {
  return parts.reduce((sum, { dims }) => sum + product(dims) * (dims.length > 1 && format !== 'F32' ? 2 : 4), 0);
}

/**
 * Reads the parts.
 * @throws `malformed` when a tensor is missing or of another size than the model's first layer says; `changed`, `not-found`, `permission`.
 */
export async function readParts(checkpoint: Checkpoint, parts: readonly WeightPart[], format: WeightFormat, signal?: AbortSignal): Promise<Feeds> {
  const feeds: Feeds = {};
  for (const part of parts) {
    const stored = part.names.map((name) => tensorOf(checkpoint, name));
    const size = stored.reduce((sum, tensor) => sum + tensor.size, 0);
    if (size !== product(part.dims)) {
      throw new FrankensteinError('malformed', `${shown(checkpoint.path)} has ${quoted(stored[0]!.onDisk)} in another shape than its other layers: [${stored[0]!.shape.join(', ')}].`);
    }
    feeds[part.input] = part.dims.length > 1 && format !== 'F32'
      ? new ort.Tensor('uint16', await stackHalves(stored, size, signal), part.dims)
      : new ort.Tensor('float32', await stackFloats(stored, size, signal), part.dims);
  }
  return feeds;
}

async function stackHalves(stored: readonly StoredTensor[], size: number, signal?: AbortSignal): Promise<Uint16Array> {
  if (stored.length === 1) return new Uint16Array((await readBytes(stored[0]!, undefined, undefined, signal)).buffer);
  const whole = new Uint8Array(2 * size);
  let offset = 0;
  for (const tensor of stored) {
    whole.set(await readBytes(tensor, undefined, undefined, signal), offset);
    offset += 2 * tensor.size;
  }
  return new Uint16Array(whole.buffer);
}

async function stackFloats(stored: readonly StoredTensor[], size: number, signal?: AbortSignal): Promise<Float32Array> {
  if (stored.length === 1 && stored[0]!.dtype === 'F32') return new Float32Array((await readBytes(stored[0]!, undefined, undefined, signal)).buffer);
  const whole = new Float32Array(size);
  let offset = 0;
  for (const tensor of stored) {
    widen(tensor, await readBytes(tensor, undefined, undefined, signal), whole.subarray(offset, offset + tensor.size));
    offset += tensor.size;
  }
  return whole;
}

/** Values of `bytes`, which are elements of `tensor`, as fp32. */
export function widen({ dtype }: StoredTensor, bytes: Uint8Array, target: Float32Array): void {
  if (dtype === 'BF16') {
    // A bfloat16 is the upper half of a float32. This loop is ten times faster than the general one.
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, target.length);
    const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
    for (let index = 0; index < words.length; index++) words[index] = halves[index]! << 16;
  } else if (dtype === 'F32') {
    target.set(new Float32Array(bytes.buffer, bytes.byteOffset, target.length));
  } else {
    target.set(decode(dtype, bytes));
  }
}

/** The format in which all of these matrices lie on disk, or F32 where they differ or need decoding. */
export function commonFormat(checkpoint: Checkpoint, parts: readonly WeightPart[]): WeightFormat {
  const dtypes = new Set(parts.filter(({ dims }) => dims.length > 1).flatMap(({ names }) => names.map((name) => tensorOf(checkpoint, name).dtype)));
  const [only] = dtypes;
  return dtypes.size === 1 && (only === 'BF16' || only === 'F16') ? only : 'F32';
}

export function product(dims: readonly number[]): number {
  return dims.reduce((all, size) => all * size, 1);
}
