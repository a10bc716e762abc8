/** One tensor's update from close by: histogram of Δ, energy per row and column. Float64, on demand. */
import type { CallContext } from '../../calls.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { bytesOf, readElements } from '../../tensors/elements.js';
import { checkUnchanged } from '../../checkpoint/fingerprint.js';
import { leftOutWeights } from '../../checkpoint/leftOut.js';
import { openCheckpoint } from '../../merge/checkpoint.js';
import type { Tensor } from '../../checkpoint/checkpoint.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { sizeOf } from './aggregate.js';
import { alignTensors } from '../../lineage/align.js';
import { expertOf } from '../../checkpoint/experts.js';
import { createBytesReporter } from '../../runs/bytesProgress.js';
import type { TensorDetail } from './result.js';

const BINS = 101; // odd: the middle bin is centred on zero when the range is symmetric
/** Longer profiles are pooled; a chart has no more columns. */
const PROFILE_BINS = 512;
/** Elements decoded at once. */
const CHUNK = 1 << 20;

export interface DetailRequest {
  /** The two checkpoints of the delta. */
  before: string;
  after: string;
  name: string;
  /** Index of the delta, passed through to the result. */
  from: number;
}

/** Throws `not-found` when either checkpoint lacks the tensor, `mismatch` when shapes differ. */
export async function tensorDetail(
  { before, after, name, from }: DetailRequest,
  { signal, progress }: CallContext = {},
): Promise<TensorDetail> {
  const checkpoints = [await openCheckpoint(before, { signal }), await openCheckpoint(after, { signal })];
  const { tensors, missing } = alignTensors(checkpoints);
  // Experts may lie in another layout than the name's.
  const aligned = tensors.find((tensor) => tensor.name === name)?.stored;
  const [a, b] = checkpoints.map((checkpoint, stage) => {
    const tensor = aligned?.[stage] ?? checkpoint.tensors.get(name) ?? expertOf(checkpoint, name);
    if (tensor !== undefined) return tensor;
    const why = leftOutWeights(checkpoint).get(name)?.reason;
    throw why === undefined
      ? new FrankensteinError('not-found', `${checkpoint.path} has no tensor ${name}.`)
      : new FrankensteinError('unsupported', `${checkpoint.path} has ${name}, but it cannot be read. ${why}`);
  }) as [Tensor, Tensor];
  const apart = missing.find((tensor) => tensor.name === name && tensor.shapes.every((shape) => shape === null));
  if (apart !== undefined) throw new FrankensteinError('mismatch', `${name} is not compared. ${apart.reason}`);
  if (a.shape.join() !== b.shape.join()) {
    throw new FrankensteinError(
      'mismatch',
      `${name} has shape [${a.shape.join(', ')}] before and [${b.shape.join(', ')}] after; ` +
        'their difference has no meaning.',
    );
  }

  const { rows, columns } = matrixOf(a.shape);
  const rowsPerBin = Math.max(1, Math.ceil(rows / PROFILE_BINS));
  const columnsPerBin = Math.max(1, Math.ceil(columns / PROFILE_BINS));
  const rowSquares = new Float64Array(Math.ceil(rows / rowsPerBin));
  const columnSquares = new Float64Array(Math.ceil(columns / columnsPerBin));
  let largest = 0;
  // Two passes: the histogram's range is known only after the first.
  const reporter = createBytesReporter('Reading', 2 * (bytesOf(a) + bytesOf(b)), 0, progress);
  const scan = async (visit: (delta: number, index: number) => void) => {
    for (let start = 0; start < a.size; start += CHUNK) {
      throwIfCancelled(signal);
      const end = Math.min(a.size, start + CHUNK);
      const [x, y] = await Promise.all([valuesOf(a, start, end), valuesOf(b, start, end)]);
      for (let index = 0; index < x.length; index++) {
        const delta = y[index]! - x[index]!;
        if (Number.isFinite(delta)) visit(delta, start + index);
      }
      reporter.add((end - start) * (DTYPE_BYTES[a.dtype] + DTYPE_BYTES[b.dtype]), name);
    }
  };
  await scan((delta, index) => {
    const square = delta * delta;
    const row = Math.floor(Math.floor(index / columns) / rowsPerBin);
    const column = Math.floor((index % columns) / columnsPerBin);
    rowSquares[row] = rowSquares[row]! + square;
    columnSquares[column] = columnSquares[column]! + square;
    largest = Math.max(largest, Math.abs(delta));
  });
  const counts = new Array<number>(BINS).fill(0);
  let zeros = 0;
  await scan((delta) => {
    if (delta === 0) zeros++;
    else {
      const bin = Math.min(BINS - 1, Math.floor(((delta + largest) / (2 * largest)) * BINS));
      counts[bin] = counts[bin]! + 1;
    }
  });
  for (const checkpoint of checkpoints) await checkUnchanged(checkpoint);

  const rootMean = (squares: Float64Array, perBin: number, length: number, across: number) =>
    Array.from(squares, (sum, bin) => Math.sqrt(sum / (Math.min(perBin, length - bin * perBin) * across)));
  return {
    name,
    from,
    shape: a.shape,
    histogram: { min: -largest, max: largest, counts, zeros },
    rowEnergy: rootMean(rowSquares, rowsPerBin, rows, columns),
    columnEnergy: rootMean(columnSquares, columnsPerBin, columns, rows),
    rowsPerBin,
    columnsPerBin,
  };
}

/** The last axis are columns, everything before it rows; a vector is one row. */
function matrixOf(shape: readonly number[]): { rows: number; columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: columns === 0 ? 0 : sizeOf({ shape }) / columns, columns };
}

async function valuesOf(tensor: Tensor, start: number, end: number): Promise<Float64Array> {
  const values = new Float64Array(end - start);
  await readElements(tensor, start, values);
  return values;
}
