/** Tensors that are a slice or a transpose of another tensor, without a copy. */
import { computedTensor } from './computedTensor.js';
import type { Tensor, View } from './checkpoint.js';

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
