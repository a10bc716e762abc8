/**
 * The diff in float64, element by element: every dtype, non-finite weights, magnitudes that fp32 squares cannot hold,
 * and tensors too small to be worth a graph. Slower than the kernel (about 0.4 G elements/s) and always right.
 */
import type { ComputedTensor, Dtype, Tensor } from '../../checkpoint/checkpoint.js';
import { decode, DTYPE_BYTES } from '../../checkpoint/decode.js';
import { readElements } from '../../tensors/elements.js';
import { readRange } from '../../checkpoint/read.js';
import { addSums, emptySums, neighbours, type PairSums, type PartialSums, type StagePair } from './partial.js';

/** Mantissa bits and exponent of the smallest normal number; integer types have no rounding. */
export const PRECISION: Partial<Record<Dtype, { mantissa: number; minExponent: number }>> = {
  F64: { mantissa: 52, minExponent: -1022 },
  F32: { mantissa: 23, minExponent: -126 },
  F16: { mantissa: 10, minExponent: -14 },
  BF16: { mantissa: 7, minExponent: -126 },
  F8_E4M3: { mantissa: 3, minExponent: -6 },
  F8_E5M2: { mantissa: 2, minExponent: -14 },
};

/** Elements decoded at once: 8 MiB of float64 per stage. */
const CHUNK = 1 << 20;

/** Elements that lie in a file. */
export interface ByteSource {
  realPath: string;
  dtype: Dtype;
  /** Absolute byte offset of the first element. */
  begin: number;
  tensor?: undefined;
}

/** Elements of a tensor that is computed when it is read. */
export interface ComputedSource {
  tensor: ComputedTensor;
  dtype: Dtype;
  /** First element. */
  first: number;
}

/** Plain data: it goes to a worker thread. */
export type Source = ByteSource | ComputedSource;

/** The elements of `tensor` from `first` on. */
export function sourceOf(tensor: Tensor, first: number): Source {
  const { dtype } = tensor;
  if (tensor.expression !== undefined) return { tensor, dtype, first };
  return { realPath: tensor.shard.realPath, dtype, begin: tensor.begin + first * DTYPE_BYTES[dtype] };
}

/**
 * Sums over `elements` elements of each source, read in chunks. A stage is read once, in order, and let go after the last
 * pair that needs it: of many stages, only those of one pair and what lies under later ones are held.
 */
export async function exactSums(
  sources: readonly Source[],
  elements: number,
  pairs: readonly StagePair[] = neighbours(sources.length),
): Promise<PartialSums> {
  const total = emptySums(sources.length, pairs.length);
  const lastUse = sources.map((_, stage) =>
    Math.max(stage, ...pairs.flatMap(([earlier, later]) => (earlier === stage ? [later] : []))),
  );
  for (let start = 0; start < elements; start += CHUNK) {
    const count = Math.min(CHUNK, elements - start);
    const held = new Map<number, Float64Array>();
    const sums = emptySums(sources.length, pairs.length);
    sums.elements = count;
    for (const [stage, source] of sources.entries()) {
      const values = await valuesOf(source, start, count);
      held.set(stage, values);
      sums.stages[stage]!.squares = squaresOf(values);
      for (const [index, [earlier, later]] of pairs.entries())
        if (later === stage) sums.pairs[index] = sumPair(held.get(earlier)!, values, roundedTo(source));
      for (const one of held.keys()) if (lastUse[one]! <= stage) held.delete(one);
    }
    addSums(total, sums);
  }
  return total;
}

/** A computed tensor of dtype F64 was never rounded: it has no floor. */
function roundedTo({ dtype, tensor }: Source): Dtype | null {
  return tensor !== undefined && dtype === 'F64' ? null : dtype;
}

async function valuesOf(source: Source, start: number, count: number): Promise<Float64Array> {
  if (source.tensor !== undefined) {
    const values = new Float64Array(count);
    await readElements(source.tensor, source.first + start, values);
    return values;
  }
  const { realPath, dtype, begin } = source;
  const width = DTYPE_BYTES[dtype];
  return decode(dtype, await readRange(realPath, begin + start * width, begin + (start + count) * width));
}

function squaresOf(values: Float64Array): number {
  let squares = 0;
  for (const value of values) if (Number.isFinite(value)) squares += value * value;
  return squares;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer); // little-endian: [low, high]

function sumPair(a: Float64Array, b: Float64Array, dtype: Dtype | null): PairSums {
  const precision = dtype === null ? undefined : PRECISION[dtype];
  const epsilon = precision ? 2 ** -precision.mantissa : 0;
  const minUlp = precision ? 2 ** precision.minExponent * epsilon : 0;
  let deltaSquares = 0,
    aSquares = 0,
    bSquares = 0,
    dot = 0,
    maxAbs = 0,
    changed = 0,
    ulpSquares = 0,
    nonFinite = 0;
  for (let index = 0; index < a.length; index++) {
    const before = a[index]!;
    const after = b[index]!;
    if (!Number.isFinite(before) || !Number.isFinite(after)) {
      nonFinite++;
      continue;
    }
    const delta = after - before;
    deltaSquares += delta * delta;
    aSquares += before * before;
    bSquares += after * after;
    dot += before * after;
    const magnitude = Math.abs(delta);
    if (magnitude > maxAbs) maxAbs = magnitude;
    if (before !== after) changed++;
    if (precision) {
      double[0] = after;
      words[1] = words[1]! & 0x7ff00000;
      words[0] = 0;
      const ulp = Math.max(double[0] * epsilon, minUlp);
      ulpSquares += ulp * ulp;
    }
  }
  return { deltaSquares, aSquares, bSquares, dot, maxAbs, changed, ulpSquares, nonFinite };
}
