/** Do two updates move in the same directions? Principal angles between their leading singular subspaces. */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { Overlap } from './result.js';

/** Leading singular vectors of one matrix, σ descending. */
export interface Subspace {
  rows: number;
  columns: number;
  /** At most as many as the matrix has singular values above zero. */
  values: Float64Array;
  /** Left vectors, one after the other: values.length × rows. Orthonormal. */
  left: Float64Array;
  /** Right vectors: values.length × columns. Orthonormal. */
  right: Float64Array;
}

/**
 * The overlap of the first k directions of two updates of one matrix, k = the fewer that either has; null when one has
 * none. Cosines of principal angles are the singular values of QₐᵀQ_b (Björck & Golub 1973), in float64: an angle below
 * 1e-8 is not told from zero, which nothing here asks for.
 */
export function overlapOf(a: Subspace, b: Subspace): Overlap | null {
  if (a.rows !== b.rows || a.columns !== b.columns)
    throw new RangeError(`${a.rows} × ${a.columns} and ${b.rows} × ${b.columns} have no common directions`);
  const k = Math.min(a.values.length, b.values.length);
  if (k === 0) return null;
  const left = cosines(a.left, b.left, k, a.rows);
  const right = cosines(a.right, b.right, k, a.columns);
  return {
    k,
    left,
    right,
    leftOverlap: meanSquare(left),
    rightOverlap: meanSquare(right),
    leftChance: k / a.rows,
    rightChance: k / a.columns,
  };
}

/** Descending, in 0…1. */
function cosines(a: Float64Array, b: Float64Array, k: number, length: number): number[] {
  const products = new Matrix(k, k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      let sum = 0;
      for (let at = 0; at < length; at++) sum += a[i * length + at]! * b[j * length + at]!;
      products.set(i, j, sum);
    }
  }
  const { diagonal } = new SingularValueDecomposition(products, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  });
  return diagonal.map((cosine) => Math.min(1, cosine)).sort((x, y) => y - x);
}

function meanSquare(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}
