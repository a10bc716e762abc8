/**
 * Products of a few vectors with a matrix of bf16, in AssemblyScript (`scripts/assembly.mjs`). Every weight is read once
 * and widened in a register; sums are fp32. Addresses are in bytes.
 *
 * Vectors are arranged for it: of every eight numbers those at even places first, since a bf16 pair comes apart that way.
 */

/** @returns the pages there were; below zero when there are no more to be had. */
export function grow(pages: i32): i32 {
  return memory.grow(pages);
}

/** A bf16 is the upper half of an fp32: those at even places of eight. */
// @ts-ignore: decorator
@inline
function evens(eight: v128): v128 {
  return i32x4.shl(eight, 16);
}

// @ts-ignore: decorator
@inline
function odds(eight: v128): v128 {
  return v128.and(eight, i32x4.splat(0xffff0000));
}

// @ts-ignore: decorator
@inline
function plus(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
function across(sums: v128): f32 {
  return (
    f32x4.extract_lane(sums, 0) +
    f32x4.extract_lane(sums, 1) +
    (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3))
  );
}

/** `count` vectors of `columns` numbers (a multiple of eight) at `from`, arranged at `to`. */
export function arrange(from: usize, to: usize, columns: i32, count: i32): void {
  const end = from + <usize>columns * <usize>count * 4;
  for (; from < end; from += 32) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    v128.store(to, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
    v128.store(to, v128.shuffle<f32>(a, b, 1, 3, 5, 7), 16);
    to += 32;
  }
}

/** Four rows `far` from each other with one vector; their results lie `yFar` from each other. */
// @ts-ignore: decorator
@inline
function fourByOne(weights: usize, row: usize, far: usize, x: usize, y: usize, yFar: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  for (const end = weights + row; weights < end; weights += 16) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const a = v128.load(weights);
    const b = v128.load(weights + far);
    const c = v128.load(weights + 2 * far);
    const d = v128.load(weights + 3 * far);
    a0 = plus(a0, evens(a), x0);
    a1 = plus(a1, odds(a), x1);
    b0 = plus(b0, evens(b), x0);
    b1 = plus(b1, odds(b), x1);
    c0 = plus(c0, evens(c), x0);
    c1 = plus(c1, odds(c), x1);
    d0 = plus(d0, evens(d), x0);
    d1 = plus(d1, odds(d), x1);
    x += 32;
  }
  store<f32>(y, across(f32x4.add(a0, a1)));
  store<f32>(y + yFar, across(f32x4.add(b0, b1)));
  store<f32>(y + 2 * yFar, across(f32x4.add(c0, c1)));
  store<f32>(y + 3 * yFar, across(f32x4.add(d0, d1)));
}

/** The same with two vectors, which lie `apart`; so do their results, by `yApart`. */
// @ts-ignore: decorator
@inline
function fourByTwo(
  weights: usize,
  row: usize,
  far: usize,
  x: usize,
  apart: usize,
  y: usize,
  yFar: usize,
  yApart: usize,
): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  for (const end = weights + row; weights < end; weights += 16) {
    const a = v128.load(weights);
    const b = v128.load(weights + far);
    const c = v128.load(weights + 2 * far);
    const d = v128.load(weights + 3 * far);
    const x0 = v128.load(x);
    const z0 = v128.load(x + apart);
    a0 = plus(a0, evens(a), x0);
    a1 = plus(a1, evens(a), z0);
    b0 = plus(b0, evens(b), x0);
    b1 = plus(b1, evens(b), z0);
    c0 = plus(c0, evens(c), x0);
    c1 = plus(c1, evens(c), z0);
    d0 = plus(d0, evens(d), x0);
    d1 = plus(d1, evens(d), z0);
    const x1 = v128.load(x, 16);
    const z1 = v128.load(x + apart, 16);
    a0 = plus(a0, odds(a), x1);
    a1 = plus(a1, odds(a), z1);
    b0 = plus(b0, odds(b), x1);
    b1 = plus(b1, odds(b), z1);
    c0 = plus(c0, odds(c), x1);
    c1 = plus(c1, odds(c), z1);
    d0 = plus(d0, odds(d), x1);
    d1 = plus(d1, odds(d), z1);
    x += 32;
  }
  store<f32>(y, across(a0));
  store<f32>(y + yFar, across(b0));
  store<f32>(y + 2 * yFar, across(c0));
  store<f32>(y + 3 * yFar, across(d0));
  store<f32>(y + yApart, across(a1));
  store<f32>(y + yApart + yFar, across(b1));
  store<f32>(y + yApart + 2 * yFar, across(c1));
  store<f32>(y + yApart + 3 * yFar, across(d1));
}

/** One row with one vector. */
function oneByOne(weights: usize, row: usize, x: usize): f32 {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  for (const end = weights + row; weights < end; weights += 16) {
    const a = v128.load(weights);
    a0 = plus(a0, evens(a), v128.load(x));
    a1 = plus(a1, odds(a), v128.load(x, 16));
    x += 32;
  }
  return across(f32x4.add(a0, a1));
}

/**
 * `y [count, rows]` from `weights [rows, columns]` and arranged `x [count, columns]`; `columns` is a multiple of eight.
 *
 * The four rows taken at a time are a quarter of the matrix from each other: memory is read in four streams, twice as fast
 * as in one (measured with rows of 1 and 3 kB, where four neighbouring rows are one stream).
 */
export function product(weights: usize, rows: i32, columns: i32, x: usize, count: i32, y: usize): void {
  const row = <usize>columns * 2;
  const apart = <usize>columns * 4;
  const yApart = <usize>rows * 4;
  const quarter = rows >> 2;
  const far = row * <usize>quarter;
  const yFar = <usize>quarter * 4;
  for (let at = 0; at < quarter; at++) {
    const own = weights + <usize>at * row;
    let xAt = x;
    let yAt = y + <usize>at * 4;
    let left = count;
    for (; left > 1; left -= 2) {
      fourByTwo(own, row, far, xAt, apart, yAt, yFar, yApart);
      xAt += 2 * apart;
      yAt += 2 * yApart;
    }
    if (left > 0) fourByOne(own, row, far, xAt, yAt, yFar);
  }
  for (let at = 4 * quarter; at < rows; at++)
    for (let one = 0; one < count; one++)
      store<f32>(
        y + <usize>one * yApart + <usize>at * 4,
        oneByOne(weights + <usize>at * row, row, x + <usize>one * apart),
      );
}
