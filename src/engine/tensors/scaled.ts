/**
 * A quantised weight as its codes times their scales. A scale holds for a block of elements: the whole tensor, a row,
 * or a part of rows and columns. The product is rounded once to float32, as transformers computes it.
 */
import type { ScaledExpression, ComputedTensor, StoredTensor } from '../checkpoint/checkpoint.js';
import { FrankensteinError } from '../errors.js';
import type { Evaluator, ReadElements } from './evaluator.js';
import { quoted, shown } from '../checkpoint/failure.js';

type Stored = Omit<StoredTensor, 'name'>;

/** In float64: codes have at most 8 bits, so the only rounding is that to the tensor's dtype. */
export const scaled: Evaluator<ScaledExpression, void> = {
  unit: ({ shape }) => Math.max(1, shape.at(-1)!),
  async prepare({ format, codes }, _, read) {
    if (format === undefined) return;
    const [value] = await readAll(format, 0, 1, read);
    if (value !== 0)
      throw new FrankensteinError(
        'unsupported',
        `${shown(codes.shard.realPath)} stores ${quoted(codes.onDisk)} in a layout for one kind of GPU ` +
          `(weight_format ${value}), which is not read here: load the model with bitsandbytes and save it again.`,
      );
  },
  async evaluate({ tensor, expression, first, count, read }) {
    const { codes, scales, exponents, grid, block, divisor } = expression;
    const columns = tensor.shape.at(-1)!;
    const [firstRow, rows] = [first / columns, count / columns];
    const values = await readAll(codes, first, count, read);
    const [across, width] = [grid.at(-1)!, block.at(-1)!];
    const scaleRows = Array.from({ length: rows }, (_, row) => scaleRowOf(tensor, firstRow + row, grid, block));
    // One read for all rows: neighbouring rows have neighbouring scales.
    const from = scaleRows.reduce((least, row) => Math.min(least, row), Infinity);
    const to = scaleRows.reduce((most, row) => Math.max(most, row), 0);
    const factors = await readAll(scales, from * across, (to - from + 1) * across, read);
    if (exponents)
      for (let index = 0; index < factors.length; index++)
        factors[index] = factors[index] === 255 ? NaN : 2 ** (factors[index]! - 127);
    for (let row = 0; row < rows; row++) {
      const offset = (scaleRows[row]! - from) * across;
      for (let column = 0; column < columns; column++) {
        const index = row * columns + column;
        values[index] = (values[index]! * factors[offset + Math.floor(column / width)]!) / divisor;
      }
    }
    return values;
  },
};

/** The row of scales (of all axes but the last, flattened) that holds for a row of the tensor. */
function scaleRowOf({ shape }: ComputedTensor, row: number, grid: readonly number[], block: readonly number[]): number {
  let [rest, scaleRow, stride] = [row, 0, 1];
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    scaleRow += Math.floor((rest % shape[axis]!) / block[axis]!) * stride;
    stride *= grid[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return scaleRow;
}

async function readAll(tensor: Stored, first: number, count: number, read: ReadElements): Promise<Float64Array> {
  const values = new Float64Array(count);
  await read({ ...tensor, name: tensor.onDisk }, first, values);
  return values;
}
