/**
 * The spectrum of an update that is known as factors, an adapter's: Δ = L·R with r columns and rows. QR of both turns
 * it into a problem of r × r, which is exact and takes a moment whatever the size of the weight.
 */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { readElements } from '../../tensors/elements.js';
import { type LowRankTerm, lowRankTerms, readFactorRows } from '../../tensors/lora.js';
import type { MatrixSource } from './matrix.js';
import { rankOf } from './metrics.js';
import type { Subspace } from './subspace.js';

export interface LowRankSpectrum {
  /** All min(rows, columns), largest first: `rank` of the factors and zeros. */
  values: Float64Array;
  /** The first `k` directions, fewer where there are fewer. */
  subspace: Subspace;
}

/**
 * The parts of Δ; none where it is zero, undefined where it is not known as factors, or these are no smaller than it.
 */
export function factorsOf({ rows, columns, before, after }: MatrixSource): LowRankTerm[] | undefined {
  // Neighbouring rows of the same tensor, each whole.
  const isRows =
    after.columnStride === 1 &&
    after.rowStride === columns &&
    columns * (after.tensor.shape[0] ?? 0) === after.tensor.size;
  if (
    before === null ||
    !isRows ||
    before.first !== after.first ||
    before.rowStride !== after.rowStride ||
    before.columnStride !== 1
  )
    return undefined;
  const terms = lowRankTerms(before.tensor, after.tensor);
  return terms !== undefined && totalRank(terms) < Math.min(rows, columns) ? terms : undefined;
}

export function totalRank(terms: readonly LowRankTerm[]): number {
  return terms.reduce((sum, { rank }) => sum + rank, 0);
}

/** Bytes held at once: both factors, twice while they are read. */
export function lowRankBytes(rows: number, columns: number, rank: number): number {
  return 2 * 8 * rank * (rows + columns) + (32 << 20);
}

/**
 * @returns undefined where a factor is not finite.
 * @throws as `readElements`.
 */
export async function lowRankSpectrum(
  source: MatrixSource,
  terms: readonly LowRankTerm[],
  k: number,
  signal?: AbortSignal,
): Promise<LowRankSpectrum | undefined> {
  const { rows, columns, after } = source;
  const rank = totalRank(terms);
  const values = new Float64Array(Math.min(rows, columns));
  const none: Subspace = {
    rows,
    columns,
    values: new Float64Array(0),
    left: new Float64Array(0),
    right: new Float64Array(0),
  };
  if (rank === 0) return { values, subspace: none };

  // Columns of L and rows of R, one after the other.
  const [left, right] = [new Float64Array(rank * rows), new Float64Array(rank * columns)];
  let done = 0;
  for (const term of terms) {
    const read = (tensor: Parameters<typeof readElements>[0], first: number, target: Float64Array) =>
      readElements(tensor, first, target, signal);
    const byRow = await readFactorRows(term.left, after.first / columns, rows, term.rank, after.tensor.shape[0]!, read);
    for (let column = 0; column < term.rank; column++) {
      for (let row = 0; row < rows; row++)
        left[(done + column) * rows + row] = term.scaling * byRow[row * term.rank + column]!;
    }
    right.set(await readFactorRows(term.right, 0, term.rank, columns, term.rank, read), done * columns);
    done += term.rank;
  }
  if (!left.every(Number.isFinite) || !right.every(Number.isFinite)) return undefined;

  const core = orthogonalise(left, rank, rows).mmul(orthogonalise(right, rank, columns).transpose());
  const { diagonal, leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(core);
  values.set(diagonal);
  const kept = Math.min(k, rankOf(values));
  return {
    values,
    subspace: {
      rows,
      columns,
      values: values.slice(0, kept),
      left: combine(left, rank, rows, leftSingularVectors, kept),
      right: combine(right, rank, columns, rightSingularVectors, kept),
    },
  };
}

/** Replaces `count` vectors by orthonormal ones Q (Householder's way) and returns R of V = Q·R. */
function orthogonalise(vectors: Float64Array, count: number, length: number): Matrix {
  const triangle = Matrix.zeros(count, count);
  const row = (index: number) => vectors.subarray(index * length, (index + 1) * length);
  const factors = new Float64Array(count);
  for (let column = 0; column < count; column++) {
    const vector = row(column);
    for (let earlier = 0; earlier < column; earlier++) {
      reflect(row(earlier), factors[earlier]!, earlier, vector);
      triangle.set(earlier, column, vector[earlier]!);
    }
    // A vector that reflects what is left of this one onto an axis, in its place.
    const tail = vector.subarray(column);
    const largest = tail.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const norm = largest === 0 ? 0 : largest * Math.sqrt(tail.reduce((sum, value) => sum + (value / largest) ** 2, 0));
    const onto = tail[0]! > 0 ? -norm : norm;
    triangle.set(column, column, onto);
    if (norm === 0) continue; // no reflection, and a factor of zero
    const lead = tail[0]! - onto;
    for (let index = 1; index < tail.length; index++) tail[index]! /= lead;
    tail[0] = 1;
    factors[column] = -lead / onto;
  }
  // Q: the reflections, last first, of the first axes.
  for (let column = count - 1; column >= 0; column--) {
    const vector = row(column).slice();
    row(column).fill(0)[column] = 1;
    for (let other = column; other < count; other++) reflect(vector, factors[column]!, column, row(other));
  }
  return triangle;
}

/** `target` −= factor · (v·target) · v, from element `first` on. */
function reflect(v: Float64Array, factor: number, first: number, target: Float64Array): void {
  if (factor === 0) return;
  let dot = 0;
  for (let index = first; index < v.length; index++) dot += v[index]! * target[index]!;
  dot *= factor;
  for (let index = first; index < v.length; index++) target[index]! -= dot * v[index]!;
}

/** The first `kept` columns of `coordinates`, in the basis. */
function combine(basis: Float64Array, count: number, length: number, coordinates: Matrix, kept: number): Float64Array {
  const result = new Float64Array(kept * length);
  for (let vector = 0; vector < kept; vector++) {
    const target = result.subarray(vector * length, (vector + 1) * length);
    for (let part = 0; part < count; part++) {
      const weight = coordinates.get(part, vector);
      const from = part * length;
      for (let index = 0; index < length; index++) target[index]! += weight * basis[from + index]!;
    }
  }
  return result;
}
