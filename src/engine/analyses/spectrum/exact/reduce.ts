/**
 * Dense matrix to upper band, by orthogonal transformations from both sides: a QR of `width` columns, an LQ of `width`
 * rows, and so on (Großer & Lang 1999). All but the panels is matrix products. The trailing matrix is A − Uᵀ·Z with
 * `A` as it was and a growing U and Z; only when these have become thick is A itself updated, so that it is read once
 * and not written in most steps. With `right: false` it is a plain QR factorisation.
 */
import { throwIfCancelled } from '../../../errors.js';
import type { Algebra, Matrix } from './algebra.js';
import type { Band } from './chase.js';
import type { Kernel } from '../kernel.js';

export interface ReduceOptions {
  algebra: Algebra;
  kernel: Kernel;
  signal?: AbortSignal | undefined;
  /** Fraction of the work done, 0…1. */
  onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Rows of U and Z at which A is updated: thick ones cost little per product, thin ones are little beside A (measured).
 */
const THICK = 384;
const THICK_OF_SMALL = 192;
/** Up to this many columns. */
const SMALL = 2048;
/** Elements of A updated at once: 16 MiB. */
const UPDATE_ELEMENTS = 1 << 21;

/** `a` (rows ≥ columns) to an upper band of the same singular values. Destroys `a`. */
export function reduceToBand(a: Matrix, band: Band, options: ReduceOptions): Promise<void> {
  const { width, stride, values } = band;
  const put = (row: number, column: number, value: number) => {
    values[row * stride + column + width] = value;
  };
  return reduce(a, width, true, put, options);
}

/**
 * A symmetric `a` to a symmetric band of the same eigenvalues, of which `band` takes the upper half. Half the work of
 * `reduceToBand`. Destroys `a`.
 */
export async function reduceSymmetric(
  a: Matrix,
  { width, stride, values }: Band,
  { algebra, kernel, signal, onProgress }: ReduceOptions,
): Promise<void> {
  const { columns: whole, data } = a;
  let size = whole;
  let offset = 0;
  const put = (row: number, column: number, value: number) => {
    values[(offset + row) * stride + offset + column + width] = value;
  };
  for (;;) {
    const most = thickest(width, size);
    const pending: Pending = { u: new Float64Array(most * size), z: new Float64Array(most * size), thick: 0 };
    let done = 0;
    let vectors = data.subarray(0, Math.min(width, size) * size);
    while (pending.thick + 2 * width <= most) {
      throwIfCancelled(signal);
      const count = Math.min(width, size - done);
      for (let row = 0; row < count; row++)
        for (let column = row; column < count; column++)
          put(done + row, done + column, vectors[row * size + done + column]!);
      const after = done + count;
      if (after === size) return;
      const { reflectors, triangle, factor } = kernel.factorPanel(vectors, count, size, after);
      for (let row = 0; row < count; row++) {
        for (let column = 0; column <= row && after + column < size; column++)
          put(done + row, after + column, triangle[row * count + column]!);
      }
      const block = (rows: Float64Array, length = size): Matrix => ({ rows: count, columns: length, data: rows });
      const [u, z] = [pending.u, pending.z].map((rows): Matrix => ({
        rows: pending.thick,
        columns: size,
        data: rows,
      })) as [Matrix, Matrix];
      const [w] = (await algebra.run(
        'both',
        block(factor, count),
        block(reflectors),
        { rows: size, columns: size, data },
        u,
        z,
      )) as [Matrix];
      append(pending, reflectors, w.data, size, size);
      append(pending, w.data, reflectors, size, size);
      const next = Math.min(width, size - after);
      const rows: Matrix = { rows: next, columns: size, data: data.subarray(after * size, (after + next) * size) };
      const part: Matrix = {
        rows: pending.thick,
        columns: next,
        data: columnsOf(pending.u, pending.thick, size, after, next),
      };
      const [ahead] = (await algebra.run(
        'subtract',
        part,
        { rows: pending.thick, columns: size, data: pending.z },
        rows,
      )) as [Matrix];
      vectors = ahead.data;
      done = after;
      onProgress?.(1 - ((whole - offset - done) / whole) ** 3);
    }
    await updateTrailing({ rows: size, columns: size, data }, pending, done, algebra, signal);
    size -= done;
    offset += done;
  }
}

/** R of `a` (rows ≥ columns), its upper triangle row-major in `r`. Destroys `a`. */
export function reduceToTriangle(a: Matrix, width: number, r: Matrix, options: ReduceOptions): Promise<void> {
  const put = (row: number, column: number, value: number) => {
    r.data[row * r.columns + column] = value;
  };
  return reduce(a, width, false, put, options);
}

async function reduce(
  a: Matrix,
  width: number,
  right: boolean,
  put: (row: number, column: number, value: number) => void,
  { algebra, kernel, signal, onProgress }: ReduceOptions,
): Promise<void> {
  const { columns: size, data } = a;
  let { rows, columns } = a;
  /** Rows and columns of the whole matrix before the first of `data`. */
  let offset = 0;
  while (offset < size) {
    // What was done since A was updated: A − Uᵀ·Z is the matrix now.
    const most = thickest(width, columns);
    const pending: Pending = { u: new Float64Array(most * rows), z: new Float64Array(most * columns), thick: 0 };
    let done = 0;
    let vectors = columnsAsRows(data, rows, columns, 0, Math.min(width, columns));
    while (done < columns && pending.thick + 2 * width <= most) {
      throwIfCancelled(signal);
      const count = Math.min(width, columns - done);
      const left = kernel.factorPanel(vectors, count, rows, done);
      for (let column = 0; column < count; column++) {
        for (let row = 0; row <= column; row++)
          put(offset + done + row, offset + done + column, left.triangle[column * count + row]!);
      }
      if (done + count === columns) return;

      const operands = (): Matrix[] => [
        { rows, columns, data },
        { rows: pending.thick, columns: rows, data: pending.u },
        { rows: pending.thick, columns, data: pending.z },
      ];
      const block = (values: Float64Array, length: number): Matrix => ({ rows: count, columns: length, data: values });
      const part = (values: Float64Array, height: number, length: number, first: number, some: number): Matrix => ({
        rows: height,
        columns: some,
        data: columnsOf(values, height, length, first, some),
      });
      const [w, top] = (await algebra.run(
        'left',
        block(left.factor, count),
        block(left.reflectors, rows),
        ...operands(),
        block(data.subarray(done * columns, (done + count) * columns), columns),
        part(pending.u, pending.thick, rows, done, count),
        part(left.reflectors, count, rows, done, count),
      )) as [Matrix, Matrix];
      append(pending, left.reflectors, w.data, rows, columns);

      const after = done + count;
      const next = Math.min(width, columns - after);
      const nextColumns: Matrix = { rows: next, columns: rows, data: columnsAsRows(data, rows, columns, after, next) };
      if (right) {
        const { reflectors, triangle, factor } = kernel.factorPanel(top.data, count, columns, after);
        for (let row = 0; row < count; row++) {
          for (let column = 0; column <= row && after + column < columns; column++)
            put(offset + done + row, offset + after + column, triangle[row * count + column]!);
        }
        const [y, ahead] = (await algebra.run(
          'right',
          block(factor, count),
          block(reflectors, columns),
          ...operands(),
          nextColumns,
          part(pending.z, pending.thick, columns, after, next),
          part(reflectors, count, columns, after, next),
        )) as [Matrix, Matrix];
        append(pending, y.data, reflectors, rows, columns);
        vectors = ahead.data;
      } else {
        for (let row = 0; row < count; row++) {
          for (let column = after; column < columns; column++)
            put(offset + done + row, offset + column, top.data[row * columns + column]!);
        }
        const [ahead] = (await algebra.run(
          'subtract',
          part(pending.z, pending.thick, columns, after, next),
          { rows: pending.thick, columns: rows, data: pending.u },
          nextColumns,
        )) as [Matrix];
        vectors = ahead.data;
      }
      done = after;
      onProgress?.(fractionDone(a.rows, size, size - offset - done));
    }
    await updateTrailing({ rows, columns, data }, pending, done, algebra, signal);
    rows -= done;
    columns -= done;
    offset += done;
  }
}

/** Rows that U and Z get; never more than all panels need. */
function thickest(width: number, columns: number): number {
  return Math.min(columns <= SMALL ? THICK_OF_SMALL : THICK, 2 * width * Math.ceil(columns / width));
}

/** U (`thick × rows`) and Z (`thick × columns`), with room for more rows. */
interface Pending {
  u: Float64Array;
  z: Float64Array;
  thick: number;
}

function append(pending: Pending, u: Float64Array, z: Float64Array, rows: number, columns: number): void {
  pending.u.set(u, pending.thick * rows);
  pending.z.set(z, pending.thick * columns);
  pending.thick += u.length / rows;
}

/** Of the operations of the whole, when `left` of `size` columns are to be done. */
function fractionDone(rows: number, size: number, left: number): number {
  const work = (count: number) => count ** 2 * (rows - size + (2 / 3) * count);
  return 1 - work(left) / work(size);
}

/** A ← A − Uᵀ·Z without its first `done` rows and columns, in place and compact. */
async function updateTrailing(
  { rows, columns, data }: Matrix,
  { u, z, thick }: Pending,
  done: number,
  algebra: Algebra,
  signal: AbortSignal | undefined,
): Promise<void> {
  const width = columns - done;
  const step = Math.max(1, Math.floor(UPDATE_ELEMENTS / columns));
  for (let row = done; row < rows; row += step) {
    throwIfCancelled(signal);
    const count = Math.min(step, rows - row);
    const chunk: Matrix = { rows: count, columns, data: data.subarray(row * columns, (row + count) * columns) };
    const factor: Matrix = { rows: count, columns: thick, data: columnsAsRows(u, thick, rows, row, count) };
    const [updated] = (await algebra.run('update', factor, { rows: thick, columns, data: z }, chunk)) as [Matrix];
    // Ends before the next chunk begins.
    for (let index = 0; index < count; index++)
      data.set(updated.data.subarray(index * columns + done, (index + 1) * columns), (row - done + index) * width);
  }
}

/** Columns `first` … of a row-major matrix. */
function columnsOf(data: Float64Array, rows: number, columns: number, first: number, count: number): Float64Array {
  const result = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns + first;
    for (let column = 0; column < count; column++) result[row * count + column] = data[begin + column]!;
  }
  return result;
}

/** The same, each column as a row. */
function columnsAsRows(data: Float64Array, rows: number, columns: number, first: number, count: number): Float64Array {
  const result = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns + first;
    for (let column = 0; column < count; column++) result[column * rows + row] = data[begin + column]!;
  }
  return result;
}
