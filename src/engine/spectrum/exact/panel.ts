/** Householder factorisation of a few long vectors, which lie as rows: of a panel's columns (QR) or of its rows (LQ). */

export interface Panel {
  /** Reflectors as rows, `count × length`: zeros up to a one, in place of the vectors. */
  reflectors: Float64Array;
  /** Factors of I − tau·v·vᵀ. */
  taus: Float64Array;
  /** `triangle[l · count + k]` = element k of vector l after all reflections, k ≤ l. */
  triangle: Float64Array;
}

/**
 * Reflects `count` vectors of `length` elements one after the other, vector k to zero after element `first + k`.
 * Overwrites `vectors` with the reflectors.
 */
export function factorPanel(vectors: Float64Array, count: number, length: number, first: number): Panel {
  const taus = new Float64Array(count);
  const triangle = new Float64Array(count * count);
  for (let k = 0; k < count; k++) {
    const pivot = k * length + first + k;
    const end = (k + 1) * length;
    if (first + k >= length) {
      vectors.fill(0, k * length, end);
      continue;
    }
    let squares = 0;
    for (let index = pivot + 1; index < end; index++) squares += vectors[index]! * vectors[index]!;
    const alpha = vectors[pivot]!;
    let beta = alpha;
    let tau = 0;
    if (squares > 0) {
      const norm = Math.sqrt(alpha * alpha + squares);
      beta = alpha > 0 ? -norm : norm;
      tau = (beta - alpha) / beta;
      const scale = 1 / (alpha - beta);
      for (let index = pivot + 1; index < end; index++) vectors[index]! *= scale;
    }
    taus[k] = tau;
    triangle[k * count + k] = beta;
    vectors[pivot] = 1;
    vectors.fill(0, k * length, pivot);
    for (let l = k + 1; l < count; l++) {
      const begin = l * length + first + k;
      if (tau !== 0) reflectVector(vectors, begin, pivot, end - pivot, tau);
      triangle[l * count + k] = vectors[begin]!;
    }
  }
  return { reflectors: vectors, taus, triangle };
}

function reflectVector(vectors: Float64Array, begin: number, reflector: number, length: number, tau: number): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = length - (length % 4);
  for (let index = 0; index < whole; index += 4) {
    a += vectors[begin + index]! * vectors[reflector + index]!;
    b += vectors[begin + index + 1]! * vectors[reflector + index + 1]!;
    c += vectors[begin + index + 2]! * vectors[reflector + index + 2]!;
    d += vectors[begin + index + 3]! * vectors[reflector + index + 3]!;
  }
  for (let index = whole; index < length; index++) a += vectors[begin + index]! * vectors[reflector + index]!;
  const sum = tau * (a + b + (c + d));
  for (let index = 0; index < length; index++) vectors[begin + index]! -= sum * vectors[reflector + index]!;
}

/** T of I − Vᵀ·T·V, upper triangular, from the reflectors' Gram matrix (Schreiber & Van Loan 1989). */
export function blockFactor(taus: Float64Array, gram: Float64Array): Float64Array {
  const count = taus.length;
  const factor = new Float64Array(count * count);
  for (let k = 0; k < count; k++) {
    const tau = taus[k]!;
    factor[k * count + k] = tau;
    for (let row = 0; row < k; row++) {
      let sum = 0;
      for (let l = row; l < k; l++) sum += factor[row * count + l]! * gram[l * count + k]!;
      factor[row * count + k] = -tau * sum;
    }
  }
  return factor;
}
