/**
 * A block Krylov space of ΔΔᵀ from random vectors (Musco & Musco 2015), and Δ seen through it. One space serves both
 * questions: its Ritz values approach the leading singular values from below, and seen from the vectors it began with
 * they are the nodes of a Gauss quadrature for the rest of the spectrum (Golub & Meurant 2010; Ubaru, Chen & Saad
 * 2017).
 *
 * Singular values come from the float64 Gram matrix of QΔ, not from products with ΔΔᵀ, so that those far below σ₁ are
 * still right to about 1e-6·σ₁, the rounding of fp32 products.
 */
import { EigenvalueDecomposition, inverse, Matrix } from 'ml-matrix';
import type { Kernel } from '../kernel.js';
import type { Algebra, Dense } from './algebra.js';
import { normals } from '../../../numerics/normal.js';
import type { Update } from './update.js';

/** Vectors per block: probes of the quadrature, and how many equal singular values one block tells apart. */
export const BLOCK = 32;
/** Blocks of a space. Ritz values 1…50 of pure noise, the hardest case, are then right to 1 %. */
export const BLOCKS = 8;

/**
 * What a space of `size` dimensions says of Δ. `small` is the shorter side of Δ, `long` the other; rows are the small
 * side where they are equal.
 */
export interface Krylov {
  size: number;
  /** True where the space is all there is: the values are those of Δ. */
  complete: boolean;
  /** Orthonormal basis, size × small. */
  basis: Dense;
  /** QΔ (or QΔᵀ): size × long. */
  image: Dense;
  /** Float64 Gram matrix of `image`; its entries are (scale · σ)². */
  gram: Matrix;
  scale: number;
  /** Ritz values of Δ, descending, at Δ's own scale. */
  values: Float64Array;
  /** Column i: coordinates of Ritz vector i in the basis. The first `BLOCK` rows are those of the probes. */
  vectors: Matrix;
  /** ‖Δv − σu‖ of each Ritz pair, at Δ's own scale. The other residual, ‖Δᵀu − σv‖, is zero. */
  residuals: Float64Array;
}

/** Error of a singular value by rounding of fp32 products over many terms, as a fraction of σ₁. */
export const PRECISION = 1e-6;
/** A vector that lost more than this by projection is rounding. */
const LOST = 3e-6;

export interface KrylovOptions {
  algebra: Algebra;
  kernel: Kernel;
  seed: number;
  /** Dimensions of the space at most; rounded to whole blocks. */
  size?: number;
  onProgress?: ((done: number) => void) | undefined;
}

/** The space takes 4 · size · (small + long) bytes, and a quarter as much while it grows. */
export async function krylov(update: Update, options: KrylovOptions): Promise<Krylov> {
  const { algebra, kernel, onProgress } = options;
  const isWide = update.rows <= update.columns;
  const [small, long] = isWide ? [update.rows, update.columns] : [update.columns, update.rows];
  const toLong = (x: Dense) => (isWide ? update.fromLeft(x) : update.fromRight(x));
  const toSmall = (x: Dense) => (isWide ? update.fromRight(x) : update.fromLeft(x));

  const wanted = options.size ?? BLOCK * BLOCKS;
  const complete = small <= wanted;
  const block = complete ? small : BLOCK;
  const blocks = complete ? 1 : Math.floor(wanted / BLOCK);
  const size = block * blocks;
  const basis: Dense = { data: new Float32Array(size * small), rows: size, columns: small };
  const image: Dense = { data: new Float32Array(size * long), rows: size, columns: long };
  const gram = new Matrix(size, size);
  const normal = normals(options.seed);
  const part = (of: Dense, index: number): Dense => ({
    data: of.data.subarray(index * block * of.columns, (index + 1) * block * of.columns),
    rows: block,
    columns: of.columns,
  });
  const upTo = (index: number): Dense => ({
    data: basis.data.subarray(0, index * block * small),
    rows: index * block,
    columns: small,
  });
  const random = (): Float32Array => Float32Array.from({ length: block * small }, normal);
  const project = async (data: Float32Array, index: number): Promise<Float32Array> =>
    index === 0 ? data : algebra.project({ data, rows: block, columns: small }, upTo(index));

  let next = random();
  let outside = new Matrix(block, block);
  let factor = new Matrix(block, block);
  for (let index = 0; index < blocks; index++) {
    if (complete) for (let row = 0; row < small; row++) basis.data[row * small + row] = 1;
    else {
      // Again: what rounding left of vectors that nearly depend on each other need not be orthogonal to the space.
      for (let round = 0; round < 2; round++) {
        await orthonormalize(next, block, small, kernel, async () => project(random(), index));
        if (round === 0) next = await project(next, index);
      }
      part(basis, index).data.set(next);
    }
    part(image, index).data.set((await toLong(part(basis, index))).data);
    for (let other = 0; other <= index; other++) {
      const products = await algebra.gram(part(image, other), part(image, index));
      for (let i = 0; i < block; i++) {
        for (let j = 0; j < block; j++) {
          gram.set(other * block + i, index * block + j, products[i * block + j]!);
          gram.set(index * block + j, other * block + i, products[i * block + j]!);
        }
      }
    }
    onProgress?.((2 * index + 1) / (2 * blocks));
    if (complete) break;
    // Z = LP with orthonormal P: products with P keep the digits of small singular values, which Z would drown.
    factor = cholesky(gram.subMatrix(index * block, (index + 1) * block - 1, index * block, (index + 1) * block - 1));
    const white = {
      ...part(image, index),
      data: await algebra.wideProduct(Float64Array.from(inverse(factor).to1DArray()), part(image, index)),
    };
    next = await project((await toSmall(white)).data, index + 1);
    onProgress?.((index + 1) / blocks);
  }
  if (!complete) {
    const last: Dense = { data: next, rows: block, columns: small };
    outside = Matrix.from1DArray(block, block, Array.from(await algebra.gram(last, last)));
  }

  const { values, vectors } = eigen(gram);
  const unscale = 1 / update.scale;
  const singular = Float64Array.from(values, (value) => Math.sqrt(Math.max(value, 0)));
  const rounding = PRECISION * (singular[0] ?? 0);
  const residuals = Float64Array.from(singular, (value, column) => {
    if (complete || value === 0) return rounding * unscale;
    // Only the last block of v = imageᵀs/σ leads out of the space: by sᵀLP, whose image outside is known.
    const lead = Float64Array.from({ length: block }, (_, j) => {
      let sum = 0;
      for (let i = j; i < block; i++) sum += vectors.get(size - block + i, column) * factor.get(i, j);
      return sum / value;
    });
    let square = 0;
    for (let i = 0; i < block; i++) for (let j = 0; j < block; j++) square += lead[i]! * lead[j]! * outside.get(i, j);
    return (Math.sqrt(Math.max(square, 0)) + rounding) * unscale;
  });
  return {
    size,
    complete,
    basis,
    image,
    gram,
    scale: update.scale,
    values: singular.map((value) => value * unscale),
    vectors,
    residuals,
  };
}

/** Eigenvalues of a symmetric matrix, descending, and eigenvectors as columns. */
export function eigen(matrix: Matrix): { values: Float64Array; vectors: Matrix } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, index) => index).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  return {
    values: Float64Array.from(order, (index) => realEigenvalues[index]!),
    vectors: eigenvectorMatrix.subMatrixColumn(order),
  };
}

/**
 * Makes the rows orthonormal, in place, by Gram–Schmidt in float64. A row that depends on those before it gives way to
 * one of `fresh`, so that the block stays whole where Δ has few directions. Rows that nearly depend need a second
 * round.
 */
export async function orthonormalize(
  block: Float32Array,
  count: number,
  length: number,
  kernel: Kernel,
  fresh: () => Promise<Float32Array>,
): Promise<void> {
  const { rows, orthogonalize } = kernel.loadRows(block.subarray(0, count * length), count, length);
  let spare: Float32Array | undefined;
  for (let index = 0; index < count; index++) {
    for (let tries = 0; !orthogonalize(index, LOST); tries++) {
      if (tries > 3) throw new RangeError(`no ${count} independent vectors of ${length}`);
      spare ??= await fresh();
      rows.set(spare.subarray(index * length, (index + 1) * length), index * length);
      if (tries > 0) spare = undefined;
    }
  }
  block.set(rows);
}

/** L of LLᵀ, for a matrix that may be singular to working precision. */
function cholesky(matrix: Matrix): Matrix {
  const size = matrix.rows;
  const least = 1e-13 * Math.max(matrix.trace(), Number.MIN_VALUE);
  const lower = Matrix.zeros(size, size);
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = matrix.get(row, column);
      for (let k = 0; k < column; k++) sum -= lower.get(row, k) * lower.get(column, k);
      lower.set(row, column, row === column ? Math.sqrt(Math.max(sum, least)) : sum / lower.get(column, column));
    }
  }
  return lower;
}
