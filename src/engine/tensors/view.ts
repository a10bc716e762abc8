/** Matrices inside another tensor, told by strides: an expert of a stack, or a stack with its last two axes turned. */
import type { ViewExpression, View } from '../checkpoint/checkpoint.js';
import { type Evaluator, type ReadElements } from './evaluator.js';

/** Elements of a turned matrix that are read at once. */
const MOST = 1 << 20;

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
