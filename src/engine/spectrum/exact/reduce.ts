/**
 * Dense matrix to upper band, by orthogonal transformations from both sides: a QR of `width` columns, an LQ of `width`
 * rows, and so on (Großer & Lang 1999). All but the panels is matrix products. The trailing matrix is A − U·Z with
 * `A` as it was and a growing U and Z; only when these have become thick is A itself updated, so that it is read once
 * and not written in most steps. With `right: false` it is a plain QR factorisation.
 */
import { throwIfCancelled } from '../../errors.js';
import type { Algebra, Matrix } from './algebra.js';
import type { Band } from './chase.js';
import { blockFactor, factorPanel } from './panel.js';

export interface ReduceOptions {
  algebra: Algebra;
  signal?: AbortSignal | undefined;
  /** Share of the work done, 0…1. */
  onProgress?: ((share: number) => void) | undefined;
}

/** Columns of U at which A is updated. */
const THICK = 384;
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

/** R of `a` (rows ≥ columns), its upper triangle row-major in `r`. Destroys `a`. */
export function reduceToTriangle(a: Matrix, width: number, r: Matrix, options: ReduceOptions): Promise<void> {
  const put = (row: number, column: number, value: number) => {
    r.data[row * r.columns + column] = value;
  };
  return reduce(a, width, false, put, options);
}

async function reduce(a: Matrix, width: number, right: boolean, put: (row: number, column: number, value: number) => void, { algebra, signal, onProgress }: ReduceOptions): Promise<void> {
  const { columns: size } = a;
  const work = a.rows - size / 3;
  const { data } = a;
  let { rows, columns } = a;
  /** Rows and columns of the whole matrix before the first of `data`. */
  let offset = 0;
  while (offset < size) {
    // What was done since A was updated: U (as rows, `thick × rows`) and Z (`thick × columns`).
    const most = Math.min(Math.max(THICK, 2 * width), 2 * width * Math.ceil(columns / width));
    const u = new Float64Array(most * rows);
    const z = new Float64Array(most * columns);
    let thick = 0;
    let done = 0;
    const current = (): [Matrix, Matrix, Matrix] => [{ rows, columns, data }, { rows: thick, columns: rows, data: u }, { rows: thick, columns, data: z }];

    while (done < columns && thick + 2 * width <= most) {
      throwIfCancelled(signal);
      const some = Math.min(width, columns - done);
      let vectors = columnsOf(data, rows, columns, done, some);
      if (thick > 0) vectors = (await algebra.run('subtract', { rows: thick, columns: some, data: columnsOf(z, thick, columns, done, some, false) }, { rows: thick, columns: rows, data: u }, { rows: some, columns: rows, data: vectors })).data;
      const left = await factored(vectors, some, rows, done, algebra);
      for (let column = 0; column < some; column++) {
        for (let row = 0; row <= column; row++) put(offset + done + row, offset + done + column, left.triangle[column * some + row]!);
      }
      if (done + some === columns) {
        done += some;
        break;
      }
      const [now, nowU, nowZ] = current();
      const { data: rowsOfZ } = await (thick > 0 ? algebra.run('leftUpdated', left.factor, left.reflectors, now, nowU, nowZ) : algebra.run('left', left.factor, left.reflectors, now));
      u.set(left.reflectors.data, thick * rows);
      z.set(rowsOfZ, thick * columns);
      thick += some;

      // Rows `done` … of the trailing matrix, now final but for the reflections from the right.
      const top: Matrix = { rows: some, columns, data: data.subarray(done * columns, (done + some) * columns) };
      const { data: pending } = await algebra.run('subtract', { rows: thick, columns: some, data: columnsOf(u, thick, rows, done, some, false) }, { rows: thick, columns, data: z }, top);
      if (right) {
        const { factor, reflectors, triangle } = await factored(pending, some, columns, done + some, algebra);
        for (let row = 0; row < some; row++) {
          for (let column = 0; column <= row && done + some + column < columns; column++) put(offset + done + row, offset + done + some + column, triangle[row * some + column]!);
        }
        const [after, afterU, afterZ] = current();
        const { data: rowsOfU } = await algebra.run('rightUpdated', factor, reflectors, after, afterU, afterZ);
        u.set(rowsOfU, thick * rows);
        z.set(reflectors.data, thick * columns);
        thick += some;
      } else {
        for (let row = 0; row < some; row++) {
          for (let column = done + some; column < columns; column++) put(offset + done + row, offset + column, pending[row * columns + column]!);
        }
      }
      done += some;
      const left_ = size - offset - done;
      onProgress?.(1 - (left_ / size) ** 2 * ((a.rows - size + left_) - left_ / 3) / work);
    }

    if (done < columns) await updateTrailing({ rows, columns, data }, u, z, thick, done, algebra, signal);
    rows -= done;
    columns -= done;
    offset += done;
  }
}

/** A ← (A − U·Z) without its first `done` rows and columns, in place and compact. */
async function updateTrailing({ rows, columns, data }: Matrix, u: Float64Array, z: Float64Array, thick: number, done: number, algebra: Algebra, signal: AbortSignal | undefined): Promise<void> {
  const width = columns - done;
  const step = Math.max(1, Math.floor(UPDATE_ELEMENTS / columns));
  for (let row = done; row < rows; row += step) {
    throwIfCancelled(signal);
    const count = Math.min(step, rows - row);
    const chunk: Matrix = { rows: count, columns, data: data.subarray(row * columns, (row + count) * columns) };
    const { data: updated } = await algebra.run('update', { rows: count, columns: thick, data: columnsOf(u, thick, rows, row, count) }, { rows: thick, columns, data: z }, chunk);
    // Ends before the next chunk begins.
    for (let index = 0; index < count; index++) data.set(updated.subarray(index * columns + done, (index + 1) * columns), (row - done + index) * width);
  }
}

interface Block {
  factor: Matrix;
  reflectors: Matrix;
  triangle: Float64Array;
}

async function factored(vectors: Float64Array, count: number, length: number, first: number, algebra: Algebra): Promise<Block> {
  const { reflectors: data, taus, triangle } = factorPanel(vectors, count, length, first);
  const reflectors: Matrix = { rows: count, columns: length, data };
  const gram = await algebra.run('outer', reflectors, reflectors);
  return { factor: { rows: count, columns: count, data: blockFactor(taus, gram.data) }, reflectors, triangle };
}

/** Columns `first` … of a row-major matrix: as rows where `turned`, else as they are. */
function columnsOf(data: Float64Array, rows: number, columns: number, first: number, count: number, turned = true): Float64Array {
  const result = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns + first;
    if (turned) for (let column = 0; column < count; column++) result[column * rows + row] = data[begin + column]!;
    else result.set(data.subarray(begin, begin + count), row * count);
  }
  return result;
}
