/**
 * Band to bidiagonal: row by row, Householder reflectors from the right and from the left, each of the band's width,
 * push the fill-in down the band and out at its end (Lang 1993, for the SVD: Haidar, Ltaief & Dongarra 2013).
 * 8·n²·width operations on data that stays in the cache.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfCancelled } from '../../../errors.js';
import type { Kernel } from '../kernel.js';

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

/**
 * The upper half of a symmetric band to the band of its Cholesky factor, whose singular values are the roots of its
 * eigenvalues. @returns false where it is not positive definite to the working precision.
 */
export function factorBand({ size, width, stride, values }: Band): boolean {
  for (let index = 0; index < size; index++) {
    const begin = index * (stride + 1) + width;
    const pivot = Math.sqrt(values[begin]!);
    if (!(pivot > 0)) return false;
    const length = Math.min(width, size - 1 - index);
    values[begin] = pivot;
    for (let location = begin + 1; location <= begin + length; location++) values[location]! /= pivot;
    for (let row = 1; row <= length; row++) {
      const factor = values[begin + row]!;
      const target = begin + row * stride;
      for (let column = row; column <= length; column++) values[target + column]! -= factor * values[begin + column]!;
    }
  }
  return true;
}

/** Elements of the band that are passed over between two looks at the signal: about 20 ms. */
const PAUSE = 1 << 22;

/** @throws `cancelled`. */
export async function toBidiagonal(
  { size, width, stride, values }: Band,
  kernel: Kernel,
  signal?: AbortSignal,
  onProgress?: (fraction: number) => void,
): Promise<{ diagonal: Float64Array; upper: Float64Array }> {
  const band = kernel.loadBand(values, size, width, stride);
  const last = Math.max(0, size - 2);
  for (let start = 0; start < last;) {
    const end = Math.min(last, start + Math.max(1, Math.floor(PAUSE / width / (size - start))));
    band.chase(start, end);
    start = end;
    onProgress?.(1 - (1 - start / last) ** 2);
    await nextTurn();
    throwIfCancelled(signal);
  }
  const diagonal = Float64Array.from({ length: size }, (_, index) => band.values[index * stride + index + width]!);
  const upper = Float64Array.from(
    { length: Math.max(0, size - 1) },
    (_, index) => band.values[index * stride + index + 1 + width]!,
  );
  return { diagonal, upper };
}
