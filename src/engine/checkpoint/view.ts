/** Matrices inside another tensor, told by strides: an expert of a stack, or a stack with its last two axes turned. */
import type { Tensor } from './checkpoint.js';
import { computedTensor, type Evaluator, type ReadElements } from './computed.js';

/** Matrix p, row r, column c is element `first + p·matrixStride + r·rowStride + c·columnStride` of the source. */
export interface View {
  rows: number;
  columns: number;
  first: number;
  matrixStride: number;
  rowStride: number;
  columnStride: number;
}

export interface ViewExpression extends View {
  kind: 'view';
  source: Tensor;
}

/** Elements of a turned matrix that are read at once. */
const MOST = 1 << 20;

/**
 * A tensor of `shape` that a view shows of another. Rows that lie one after the other stay a byte range of the file.
 * @param shape one or more matrices of the view's rows and columns.
 */
export function viewOf(source: Tensor, name: string, shape: number[], view: View): Tensor {
  const { onDisk, dtype } = source;
  const size = shape.reduce((product, length) => product * length, 1);
  const isOne = size === view.rows * view.columns;
  if (source.expression === undefined && isOne && view.columnStride === 1 && view.rowStride === view.columns) {
    const width = (source.end - source.begin) / source.size;
    const begin = source.begin + view.first * width;
    return { ...source, name, shape, size, begin, end: begin + size * width };
  }
  return computedTensor({ onDisk, name, dtype, shape }, { kind: 'view', source, ...view });
}

export const view: Evaluator<ViewExpression, void> = {
  unit: ({ expression }) => unitOf(expression as ViewExpression),
  prepare: () => Promise.resolve(),
  async evaluate({ expression, first, count, read }) {
    const values = new Float64Array(count);
    const unit = unitOf(expression);
    for (let done = 0; done < count; done += unit)
      await readRows(expression, first + done, values.subarray(done, done + unit), read);
    return values;
  },
};

/** Whole rows that divide the matrix: all of it, where it is small or lies straight on. */
function unitOf({ rows, columns, columnStride }: View): number {
  if (columnStride === 1) return columns;
  let most = Math.max(1, Math.min(rows, Math.floor(MOST / columns)));
  while (rows % most !== 0) most--;
  return most * columns;
}

/** One unit: rows of one matrix. */
async function readRows(
  { source, rows, columns, first, matrixStride, rowStride, columnStride }: ViewExpression,
  at: number,
  target: Float64Array,
  read: ReadElements,
): Promise<void> {
  const row = at / columns;
  const start = first + Math.floor(row / rows) * matrixStride + (row % rows) * rowStride;
  if (columnStride === 1) return read(source, start, target);
  const count = target.length / columns;
  const stored = new Float64Array(target.length);
  // Columns of the view are runs of the source: one long run, where they are taken whole.
  if (count === columnStride) await read(source, start, stored);
  else
    for (let column = 0; column < columns; column++)
      await read(source, start + column * columnStride, stored.subarray(column * count, (column + 1) * count));
  for (let column = 0; column < columns; column++)
    for (let index = 0; index < count; index++) target[index * columns + column] = stored[column * count + index]!;
}
