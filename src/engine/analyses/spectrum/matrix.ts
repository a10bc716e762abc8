/**
 * Reading Δ of one matrix: rows of `after − before`, whatever dtype and layout the two are stored in. A part of a fused
 * tensor (an expert, one half of `gate_up_proj`) is a matrix of its own by its strides; nothing is copied out.
 */
import type { Dtype, Tensor } from '../../checkpoint/checkpoint.js';
import { readElements } from '../../tensors/elements.js';
import { readDifference } from './difference.js';

/** The elements of a tensor that make a matrix: element (r, c) is number `first + r · rowStride + c · columnStride`. */
export interface MatrixPart {
  tensor: Tensor;
  first: number;
  rowStride: number;
  columnStride: number;
}

/** Δ = after − before of one matrix. Structured-clone safe. */
export interface MatrixSource {
  rows: number;
  columns: number;
  /** Null: Δ is `after` itself. */
  before: MatrixPart | null;
  after: MatrixPart;
}

/** All of a tensor as a matrix: further axes are flattened into columns, a vector is one row. */
export function wholeMatrix(tensor: Tensor): { rows: number; columns: number; part: MatrixPart } {
  const rows = tensor.shape.length > 1 ? tensor.shape[0]! : 1;
  const columns = rows === 0 ? 0 : tensor.size / rows;
  return { rows, columns, part: { tensor, first: 0, rowStride: columns, columnStride: 1 } };
}

/** Δᵀ: the same singular values, left and right exchanged. */
export function transposed({ rows, columns, before, after }: MatrixSource): MatrixSource {
  const turn = (part: MatrixPart): MatrixPart => ({
    ...part,
    rowStride: part.columnStride,
    columnStride: part.rowStride,
  });
  return { rows: columns, columns: rows, before: before && turn(before), after: turn(after) };
}

/** Elements held of each stage while a block is read: 2 to 4 MiB. */
const CHUNK = 1 << 19;

/** Dtypes with values that fp32 does not hold. */
const WIDE: ReadonlySet<Dtype> = new Set(['F64', 'I64', 'U64', 'I32', 'U32']);

/**
 * Rows `firstRow` … `firstRow + rows` of Δ into `target` (row-major, `rows · columns` of its elements). The difference
 * is taken in float64 and rounded once, to the target's precision.
 * @returns how many of the values are NaN or infinite.
 * @throws as `readElements`.
 */
export async function readDelta(
  source: MatrixSource,
  firstRow: number,
  rows: number,
  target: Float32Array | Float64Array,
  signal?: AbortSignal,
): Promise<number> {
  const { columns, before, after } = source;
  if (firstRow < 0 || firstRow + rows > source.rows || target.length < rows * columns)
    throw new RangeError(`rows ${firstRow}…${firstRow + rows} of ${source.rows}`);
  if (
    before !== null &&
    [before, after].every(
      (part) => part.tensor.dtype === 'BF16' && part.tensor.expression === undefined && liesInOne(part, columns, rows),
    )
  ) {
    const values = target.subarray(0, rows * columns);
    const isFinite = await readDifference(
      before.tensor,
      before.first + firstRow * before.rowStride,
      after.tensor,
      after.first + firstRow * after.rowStride,
      values,
      signal,
    );
    return isFinite ? 0 : countNonFinite(values);
  }
  const step = Math.max(1, Math.floor(CHUNK / Math.max(columns, 1)));
  let nonFinite = 0;
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const later = await readRows(after, columns, firstRow + row, count, signal);
    const earlier = before && (await readRows(before, columns, firstRow + row, count, signal));
    nonFinite += subtract(later, earlier, target.subarray(row * columns, (row + count) * columns));
  }
  return nonFinite;
}

function subtract(
  later: Float32Array | Float64Array,
  earlier: Float32Array | Float64Array | null,
  target: Float32Array | Float64Array,
): number {
  if (earlier === null) target.set(later);
  else for (let index = 0; index < target.length; index++) target[index] = later[index]! - earlier[index]!;
  return countNonFinite(target);
}

function countNonFinite(values: Float32Array | Float64Array): number {
  let nonFinite = 0;
  // Only of NaN and infinities is the difference from itself not zero.
  for (const value of values) if (value - value !== 0) nonFinite++;
  return nonFinite;
}

/** Whether so many rows are one piece of the tensor. */
function liesInOne({ rowStride, columnStride }: MatrixPart, columns: number, rows: number): boolean {
  return columnStride === 1 && (rowStride === columns || rows === 1);
}

/** Rows of one stage, exact. */
async function readRows(
  part: MatrixPart,
  columns: number,
  firstRow: number,
  rows: number,
  signal?: AbortSignal,
): Promise<Float32Array | Float64Array> {
  const { tensor, rowStride, columnStride } = part;
  const wide = WIDE.has(tensor.dtype);
  const array = (length: number) => (wide ? new Float64Array(length) : new Float32Array(length));
  const first = part.first + firstRow * rowStride;
  if (liesInOne(part, columns, rows)) {
    const values = array(rows * columns);
    await readElements(tensor, first, values, signal);
    return values;
  }

  // Runs of the axis that lies closer together; several at once where little lies between them.
  const byRow = columnStride <= rowStride;
  const [outer, outerStride, innerStride] = byRow
    ? [rows, rowStride, columnStride]
    : [columns, columnStride, rowStride];
  const run = ((byRow ? columns : rows) - 1) * innerStride + 1;
  const together = run * 4 >= outerStride ? Math.max(1, Math.floor(CHUNK / outerStride)) : 1;
  const values = array(rows * columns);
  const span = array((Math.min(together, outer) - 1) * outerStride + run);
  for (let index = 0; index < outer; index += together) {
    const count = Math.min(together, outer - index);
    const read = span.subarray(0, (count - 1) * outerStride + run);
    await readElements(tensor, first + index * outerStride, read, signal);
    const [rowFrom, rowTo] = byRow ? [index, index + count] : [0, rows];
    const [columnFrom, columnTo] = byRow ? [0, columns] : [index, index + count];
    for (let row = rowFrom; row < rowTo; row++) {
      for (let column = columnFrom; column < columnTo; column++) {
        values[row * columns + column] = read[(row - rowFrom) * rowStride + (column - columnFrom) * columnStride]!;
      }
    }
  }
  return values;
}
