/**
 * A weight with a low-rank update on it: W + s·L·R, L of rows × r and R of r × columns. With PEFT's names: s·B·A for a
 * linear map (W is out × in) and for a convolution (the kernel's axes flattened into the columns), and its transpose
 * for an embedding and for weights stored in × out (`fan_in_fan_out`).
 */
import { matrixProduct } from '../runtime/product.js';
import type { ComputedTensor, Tensor } from './checkpoint.js';
import type { Evaluator, ReadElements } from './computed.js';

/** A factor as it is stored: rows × columns, or transposed. */
export interface Factor {
  tensor: Tensor;
  transposed: boolean;
}

export interface LoraExpression {
  kind: 'lora';
  /** W. */
  base: Tensor;
  left: Factor;
  right: Factor;
  rank: number;
  scaling: number;
}

interface Prepared {
  /** s·R, rank × columns. */
  right: Float64Array;
}

/** In float64; a sum of `rank` products errs by less than the fp32 arithmetic in which such an adapter is run. */
export const lora: Evaluator<LoraExpression, Prepared> = {
  unit: columnsOf,
  async prepare({ right, rank, scaling }, tensor, read) {
    const values = await readFactorRows(right, 0, rank, columnsOf(tensor), rank, read);
    for (let index = 0; index < values.length; index++) values[index]! *= scaling;
    return { right: values };
  },
  async evaluate({ tensor, expression: { base, left, rank }, prepared, first, count, read }) {
    const columns = columnsOf(tensor);
    const [firstRow, rows] = [first / columns, count / columns];
    const factor = await readFactorRows(left, firstRow, rows, rank, tensor.shape[0]!, read);
    const values = await matrixProduct(factor, prepared.right, rows, rank, columns);
    const weights = new Float64Array(count);
    await read(base, first, weights);
    for (let index = 0; index < count; index++) values[index]! += weights[index]!;
    return values;
  },
};

/** Columns of the matrix that a weight is: everything after the first axis. */
function columnsOf({ shape, size }: ComputedTensor): number {
  return Math.max(1, size / Math.max(1, shape[0] ?? 1));
}

/** Rows `first` … of a factor that has `total` rows of `columns`, as float64, row-major. */
export async function readFactorRows({ tensor, transposed }: Factor, first: number, rows: number, columns: number, total: number, read: ReadElements): Promise<Float64Array> {
  const values = new Float64Array(rows * columns);
  if (!transposed) {
    await read(tensor, first * columns, values);
    return values;
  }
  // Stored columns × total rows: all of it at once, or a run from each column.
  const stored = new Float64Array(rows * columns);
  if (rows === total) await read(tensor, 0, stored);
  else for (let column = 0; column < columns; column++) await read(tensor, column * total + first, stored.subarray(column * rows, (column + 1) * rows));
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) values[row * columns + column] = stored[column * rows + row]!;
  }
  return values;
}
