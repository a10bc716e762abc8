/**
 * Reading weights into the shape graphs take: matrices that are used together stacked into one, vectors as fp32.
 * Sixteen-bit matrices can stay as they are on disk; anything else becomes fp32.
 */
import * as ort from 'onnxruntime-node';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { readElements, readInto } from '../tensors/elements.js';
import { quoted, shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import type { WeightFormat } from './graphs/ops.js';
import { tensorOf } from './stored.js';

/** Named inputs of a graph. */
export type Feeds = Record<string, ort.Tensor>;

/** One input made of stored tensors, stacked by rows. */
export interface WeightPart {
  input: string;
  /** Canonical names. */
  names: readonly string[];
  /** Of the whole: `[rows, columns]`, or `[size]`. */
  dims: readonly number[];
  /** The part is a slice of the one named tensor, whose first element this is; left out: tensors are read whole. */
  from?: number;
  /** Norms that are stored as the distance from one: every number of a vector is one more. */
  plusOne?: boolean;
}

/** Bytes that the parts take in memory: matrices in `format`, vectors in fp32. */
export function bytesOfParts(parts: readonly WeightPart[], format: WeightFormat): number {
  return parts.reduce((sum, { dims }) => sum + product(dims) * (dims.length > 1 && format !== 'F32' ? 2 : 4), 0);
}

/** Memory for a weight of `size` elements; the same again for the same input, where memory is reused. */
export type Allocate = <A extends Uint16Array | Float32Array>(
  input: string,
  make: new (size: number) => A,
  size: number,
) => A;

const fresh: Allocate = (_, make, size) => new make(size);

/** Memory that is used again by every weight of the same input name: what was read into it before is overwritten. */
export function reusing(): Allocate {
  const kept = new Map<string, Uint16Array | Float32Array>();
  return <A extends Uint16Array | Float32Array>(input: string, make: new (size: number) => A, size: number): A => {
    let memory = kept.get(input);
    if (memory === undefined || memory.length < size) kept.set(input, (memory = new make(size)));
    return memory.subarray(0, size) as A;
  };
}

/**
 * Reads the parts, into memory that `allocate` gives.
 * @throws `malformed` when a tensor is missing or of another size than the model's first layer says; `mismatch` when it
 * is not in `format`; `changed`, `not-found`, `permission`.
 */
export async function readParts(
  checkpoint: Checkpoint,
  parts: readonly WeightPart[],
  format: WeightFormat,
  allocate: Allocate = fresh,
): Promise<Feeds> {
  const feeds: Feeds = {};
  for (const part of parts) {
    const stored = part.names.map((name) => tensorOf(checkpoint, name));
    const { from } = part;
    const size = product(part.dims);
    const sizeOf = (tensor: Tensor) => (from === undefined ? tensor.size : size);
    const found = stored.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
    if (found !== size || stored.some((tensor) => (from ?? 0) + sizeOf(tensor) > tensor.size)) {
      throw new FrankensteinError(
        'malformed',
        `${shown(checkpoint.path)} has ${quoted(stored[0]!.onDisk)} in another shape than its other layers: ` +
          `[${stored[0]!.shape.join(', ')}].`,
      );
    }
    if (part.dims.length > 1 && format !== 'F32') {
      const other = stored.find(({ dtype }) => dtype !== format);
      if (other)
        throw new FrankensteinError(
          'mismatch',
          `${shown(checkpoint.path)} stores ${quoted(other.onDisk)} as ${other.dtype}, ` +
            `but within this memory budget weights stay as they are on disk, and the model's are ${format}: ` +
            'give a larger budget.',
        );
      const halves = allocate(part.input, Uint16Array, size);
      let offset = 0;
      for (const tensor of stored) {
        const part = halves.subarray(offset, offset + sizeOf(tensor));
        await readInto(tensor, from ?? 0, new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
        offset += sizeOf(tensor);
      }
      feeds[part.input] = new ort.Tensor('uint16', halves, part.dims);
    } else {
      const floats = allocate(part.input, Float32Array, size);
      let offset = 0;
      for (const tensor of stored) {
        await readElements(tensor, from ?? 0, floats.subarray(offset, offset + sizeOf(tensor)));
        offset += sizeOf(tensor);
      }
      if (part.plusOne) for (let index = 0; index < size; index++) floats[index] = floats[index]! + 1;
      feeds[part.input] = new ort.Tensor('float32', floats, part.dims);
    }
  }
  return feeds;
}

/** The format in which all of these matrices lie on disk, or F32 where they differ or need decoding. */
export function commonFormat(checkpoint: Checkpoint, parts: readonly WeightPart[]): WeightFormat {
  const dtypes = new Set(
    parts
      .filter(({ dims }) => dims.length > 1)
      .flatMap(({ names }) => names.map((name) => tensorOf(checkpoint, name).dtype)),
  );
  const [only] = dtypes;
  return dtypes.size === 1 && (only === 'BF16' || only === 'F16') ? only : 'F32';
}

export function product(dims: readonly number[]): number {
  return dims.reduce((all, size) => all * size, 1);
}
