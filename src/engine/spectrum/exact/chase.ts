/**
 * Band to bidiagonal: row by row, Householder reflectors from the right and from the left, each of the band's width,
 * push the fill-in down the band and out at its end (Lang 1993, for the SVD: Haidar, Ltaief & Dongarra 2013).
 * 8·n²·width operations on data that stays in the cache.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfCancelled } from '../../errors.js';

/** An upper band with room for the fill-in. Element (r, c) is number `r · stride + c + width`. */
export interface Band {
  /** Rows and columns. */
  size: number;
  /** Superdiagonals. */
  width: number;
  stride: number;
  values: Float64Array;
}

export function emptyBand(size: number, width: number): Band {
  const stride = 3 * width;
  return { size, width, stride, values: new Float64Array(Math.max(0, (size - 1) * stride + size + 2 * width)) };
}

/** Elements of the band that are passed over between two looks at the signal: about 50 ms. */
const PAUSE = 1 << 22;

/** Destroys the band. @throws `cancelled`. */
export async function toBidiagonal({ size, width, stride, values }: Band, signal?: AbortSignal, onProgress?: (share: number) => void): Promise<{ diagonal: Float64Array; upper: Float64Array }> {
  const reflector = new Float64Array(width);
  const sums = new Float64Array(2 * width);
  const at = (row: number, column: number) => row * stride + column + width;
  let passed = 0;
  for (let start = 0; start + 2 < size; start++) {
    passed += (size - start) * width;
    if (passed > PAUSE) {
      passed = 0;
      onProgress?.(1 - (1 - start / size) ** 2);
      await nextTurn();
      throwIfCancelled(signal);
    }
    let row = start;
    let from = start + 1;
    let to = Math.min(start + width, size - 1);
    // A single element has nothing beside it to annihilate.
    while (to > from) {
      const length = to - from + 1;
      const right = reflect(values, at(row, from), 1, length, reflector);
      if (right !== 0) for (let r = row + 1; r <= to; r++) applyToRow(values, at(r, from), length, reflector, right);
      const left = reflect(values, at(from, from), stride, length, reflector);
      const end = Math.min(to + width, size - 1);
      if (left !== 0) applyToRows(values, at(from, from + 1), stride, length, end - from, reflector, left, sums);
      row = from;
      from = to + 1;
      to = end;
    }
  }
  const diagonal = Float64Array.from({ length: size }, (_, index) => values[at(index, index)]!);
  const upper = Float64Array.from({ length: Math.max(0, size - 1) }, (_, index) => values[at(index, index + 1)]!);
  return { diagonal, upper };
}

/**
 * Makes the reflector that takes `length` elements, `step` apart, to a multiple of the first unit vector, and does so.
 * @returns tau of I − tau·v·vᵀ, v₀ = 1; 0 where nothing is to be done.
 */
function reflect(values: Float64Array, begin: number, step: number, length: number, reflector: Float64Array): number {
  let squares = 0;
  for (let index = 1, place = begin + step; index < length; index++, place += step) squares += values[place]! * values[place]!;
  const alpha = values[begin]!;
  if (squares === 0) {
    for (let index = 1, place = begin + step; index < length; index++, place += step) values[place] = 0;
    return 0;
  }
  const norm = Math.sqrt(alpha * alpha + squares);
  const beta = alpha > 0 ? -norm : norm;
  const scale = 1 / (alpha - beta);
  reflector[0] = 1;
  for (let index = 1, place = begin + step; index < length; index++, place += step) {
    reflector[index] = values[place]! * scale;
    values[place] = 0;
  }
  values[begin] = beta;
  return (beta - alpha) / beta;
}

/** From the right, to one row. Four sums: one would wait for each addition. */
function applyToRow(values: Float64Array, begin: number, length: number, reflector: Float64Array, tau: number): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  let index = 0;
  for (; index + 3 < length; index += 4) {
    a += values[begin + index]! * reflector[index]!;
    b += values[begin + index + 1]! * reflector[index + 1]!;
    c += values[begin + index + 2]! * reflector[index + 2]!;
    d += values[begin + index + 3]! * reflector[index + 3]!;
  }
  for (; index < length; index++) a += values[begin + index]! * reflector[index]!;
  const sum = tau * (a + b + (c + d));
  for (index = 0; index < length; index++) values[begin + index]! -= sum * reflector[index]!;
}

/** From the left, to `length` rows of `columns` elements; four rows at once, so that sums are fetched less often. */
function applyToRows(values: Float64Array, begin: number, stride: number, length: number, columns: number, reflector: Float64Array, tau: number, sums: Float64Array): void {
  sums.fill(0, 0, columns);
  let row = 0;
  for (; row + 3 < length; row += 4) {
    const first = begin + row * stride;
    const [second, third, fourth] = [first + stride, first + 2 * stride, first + 3 * stride];
    const [a, b, c, d] = [reflector[row]!, reflector[row + 1]!, reflector[row + 2]!, reflector[row + 3]!];
    for (let column = 0; column < columns; column++) {
      sums[column]! += a * values[first + column]! + b * values[second + column]! + (c * values[third + column]! + d * values[fourth + column]!);
    }
  }
  for (; row < length; row++) {
    const factor = reflector[row]!;
    const place = begin + row * stride;
    for (let column = 0; column < columns; column++) sums[column]! += factor * values[place + column]!;
  }
  for (row = 0; row < length; row++) {
    const factor = tau * reflector[row]!;
    const place = begin + row * stride;
    for (let column = 0; column < columns; column++) values[place + column]! -= factor * sums[column]!;
  }
}
