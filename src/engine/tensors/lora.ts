/**
 * A weight with a low-rank update on it: W + s·L·R, L of rows × r and R of r × columns. With PEFT's names: s·B·A for a
 * linear map (W is out × in) and for a convolution (the kernel's axes flattened into the columns), and its transpose
 * for an embedding and for weights stored in × out (`fan_in_fan_out`).
 */
import type { LoraExpression, Factor, ComputedTensor, Tensor } from '../checkpoint/checkpoint.js';
import { isSameTensor } from '../checkpoint/sameTensor.js';
import type { Evaluator, ReadElements } from './evaluator.js';

interface Prepared {
  /** s·R, rank × columns. */
  right: Float64Array;
  /** L, rows × rank, where a few rows of it are scattered over its file and all of it is small. */
  left: Float64Array | undefined;
}

/** Elements of a transposed factor that is kept whole: an embedding of 150,000 tokens up to rank 27. */
const KEPT_FACTOR = 1 << 22;

/** In float64; a sum of `rank` products errs by less than the fp32 arithmetic in which such an adapter is run. */
export const lora: Evaluator<LoraExpression, Prepared> = {
  unit: columnsOf,
  async prepare({ left, right, rank, scaling }, tensor, read) {
    const values = await readFactorRows(right, 0, rank, columnsOf(tensor), rank, read);
    for (let index = 0; index < values.length; index++) values[index]! *= scaling;
    const rows = tensor.shape[0]!;
    const isKept = left.transposed && rows * rank <= KEPT_FACTOR;
    return { right: values, left: isKept ? await readFactorRows(left, 0, rows, rank, rows, read) : undefined };
  },
  async evaluate({ tensor, expression: { base, left, rank }, prepared, first, count, read }) {
    const columns = columnsOf(tensor);
    const [firstRow, rows] = [first / columns, count / columns];
    const factor =
      prepared.left?.slice(firstRow * rank, (firstRow + rows) * rank) ??
      (await readFactorRows(left, firstRow, rows, rank, tensor.shape[0]!, read));
    // ONNX Runtime, which opening an adapter does not need.
    const { matrixProduct } = await import('../runtime/product.js');
    const values = await matrixProduct(factor, prepared.right, rows, rank, columns);
    const weights = new Float64Array(count);
    await read(base, first, weights);
    for (let index = 0; index < count; index++) values[index]! += weights[index]!;
    return values;
  },
};

/** One low-rank part of an update: scaling·L·R. */
export type LowRankTerm = Pick<LoraExpression, 'left' | 'right' | 'rank' | 'scaling'>;

/**
 * `after` − `before` as low-rank parts: where one is made of the other, or both of a third. None where the two are the
 * same tensor; undefined where the difference is not known to be of low rank.
 */
export function lowRankTerms(before: Tensor, after: Tensor): LowRankTerm[] | undefined {
  const [earlier, later] = [lineOf(before), lineOf(after)];
  for (const [ups, at] of later.entries()) {
    const downs = earlier.findIndex((tensor) => isSameTensor(tensor, at));
    if (downs < 0) continue;
    const added = later.slice(0, ups).map(termOf);
    const removed = earlier.slice(0, downs).map(termOf);
    return [...added, ...removed.map((term) => ({ ...term, scaling: -term.scaling }))];
  }
  return undefined;
}

/** The tensor, and what it is an update of, down to what is none. */
function lineOf(tensor: Tensor): Tensor[] {
  return tensor.expression?.kind === 'lora' ? [tensor, ...lineOf(tensor.expression.base)] : [tensor];
}

function termOf({ expression }: Tensor): LowRankTerm {
  const { left, right, rank, scaling } = expression as LoraExpression;
  return { left, right, rank, scaling };
}

/** Columns of the matrix that a weight is: everything after the first axis. */
function columnsOf({ shape, size }: ComputedTensor): number {
  return Math.max(1, size / Math.max(1, shape[0] ?? 1));
}

/** Rows `first` … of a factor that has `total` rows of `columns`, as float64, row-major. */
export async function readFactorRows(
  { tensor, transposed }: Factor,
  first: number,
  rows: number,
  columns: number,
  total: number,
  read: ReadElements,
): Promise<Float64Array> {
  const values = new Float64Array(rows * columns);
  if (!transposed) {
    await read(tensor, first * columns, values);
    return values;
  }
  // Stored columns × total rows: all of it at once, or a run from each column.
  const stored = new Float64Array(rows * columns);
  if (rows === total) await read(tensor, 0, stored);
  else
    for (let column = 0; column < columns; column++)
      await read(tensor, column * total + first, stored.subarray(column * rows, (column + 1) * rows));
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) values[row * columns + column] = stored[column * rows + row]!;
  }
  return values;
}
