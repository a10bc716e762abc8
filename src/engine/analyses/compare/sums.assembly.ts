/**
 * What is summed over two blocks of weights, in one pass over their bytes. AssemblyScript (`scripts/assembly.mjs`).
 *
 * Formats are numbered 0 BF16, 1 F16, 2 F32, 3 F64, and stand as types here: `u16`, `i16`, `f32`, `f64`. Addresses are
 * in bytes. A result is six float64: Σ(b−a)², Σa², Σb², Σ of the square of b's unit, the largest |b−a|, how many
 * differ; from `exactPair` also Σa·b and how many were not finite.
 */

/** Elements whose sums stay in fp32, 32 of a lane: float64 takes over before rounding shows. */
const ROW: i32 = 256;

/** @returns the pages there were; below zero when there are no more to be had. */
export function grow(pages: i32): i32 {
  return memory.grow(pages);
}

/** Four F16, each in the lower half of a lane, to fp32. Integers do it: fp32 of this size below 2⁻¹²⁶ would be slow. */
// @ts-ignore: decorator
@inline
function fromHalves(halves: v128): v128 {
  const magnitude = v128.and(halves, i32x4.splat(0x7fff));
  const exponent = v128.and(halves, i32x4.splat(0x7c00));
  const bias = i32x4.splat(112 << 23);
  // Infinity and NaN have the highest exponent in fp32 too.
  const top = v128.and(i32x4.eq(exponent, i32x4.splat(0x7c00)), bias);
  const normal = i32x4.add(i32x4.add(i32x4.shl(magnitude, 13), bias), top);
  const subnormal = f32x4.mul(f32x4.convert_i32x4_s(magnitude), f32x4.splat(5.9604644775390625e-8));
  const value = v128.bitselect(subnormal, normal, i32x4.eq(exponent, i32x4.splat(0)));
  return v128.or(value, i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16));
}

/** Of the eight elements at `at`, those at even places, as fp32. */
// @ts-ignore: decorator
@inline
function evens<T>(at: usize): v128 {
  if (isFloat<T>()) return v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
  // A bf16 is the upper half of an fp32.
  if (isSigned<T>()) return fromHalves(v128.and(v128.load(at), i32x4.splat(0xffff)));
  return i32x4.shl(v128.load(at), 16);
}

/** And those at odd places. */
// @ts-ignore: decorator
@inline
function odds<T>(at: usize): v128 {
  if (isFloat<T>()) return v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 1, 3, 5, 7);
  if (isSigned<T>()) return fromHalves(i32x4.shr_u(v128.load(at), 16));
  return v128.and(v128.load(at), i32x4.splat(0xffff0000));
}

/** 2^⌊log₂|w|⌋: the exponent's bits alone. Below F16's smallest normal number the unit no longer shrinks. */
// @ts-ignore: decorator
@inline
function powers<T>(weights: v128): v128 {
  const power = v128.and(weights, i32x4.splat(0x7f800000));
  return isInteger<T>() && isSigned<T>() ? f32x4.pmax(power, f32x4.splat(6.103515625e-5)) : power;
}

// @ts-ignore: decorator
@inline
function squares(left: v128, right: v128): v128 {
  return f32x4.add(f32x4.mul(left, left), f32x4.mul(right, right));
}

/** The lanes of fp32 sums, added to those of a float64. */
// @ts-ignore: decorator
@inline
function widened(total: v128, sums: v128): v128 {
  const upper = v128.shuffle<i64>(sums, sums, 1, 1);
  return f64x2.add(total, f64x2.add(f64x2.promote_low_f32x4(sums), f64x2.promote_low_f32x4(upper)));
}

// @ts-ignore: decorator
@inline
function across(sums: v128): f64 {
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** In fp32. What it cannot hold (NaN, infinity, squares beyond it) shows as a sum that is not finite. */
function single<A, B>(a: usize, b: usize, count: i32, result: usize): void {
  let deltaTotal = f64x2.splat(0);
  let aTotal = f64x2.splat(0);
  let bTotal = f64x2.splat(0);
  let unitTotal = f64x2.splat(0);
  let largest = f32x4.splat(0);
  let changed = i32x4.splat(0);
  for (let left = count; left > 0; left -= ROW) {
    let deltaSum = f32x4.splat(0);
    let aSum = f32x4.splat(0);
    let bSum = f32x4.splat(0);
    let unitSum = f32x4.splat(0);
    for (const end = a + <usize>min(left, ROW) * sizeof<A>(); a < end; a += 8 * sizeof<A>()) {
      const a0 = evens<A>(a);
      const a1 = odds<A>(a);
      const b0 = evens<B>(b);
      const b1 = odds<B>(b);
      const d0 = f32x4.sub(b0, a0);
      const d1 = f32x4.sub(b1, a1);
      const s0 = f32x4.mul(d0, d0);
      const s1 = f32x4.mul(d1, d1);
      deltaSum = f32x4.add(deltaSum, f32x4.add(s0, s1));
      largest = f32x4.pmax(f32x4.pmax(largest, s0), s1);
      aSum = f32x4.add(aSum, squares(a0, a1));
      bSum = f32x4.add(bSum, squares(b0, b1));
      unitSum = f32x4.add(unitSum, squares(powers<B>(b0), powers<B>(b1)));
      changed = i32x4.sub(changed, i32x4.add(f32x4.ne(a0, b0), f32x4.ne(a1, b1)));
      b += 8 * sizeof<B>();
    }
    deltaTotal = widened(deltaTotal, deltaSum);
    aTotal = widened(aTotal, aSum);
    bTotal = widened(bTotal, bSum);
    unitTotal = widened(unitTotal, unitSum);
  }
  store<f64>(result, across(deltaTotal));
  store<f64>(result, across(aTotal), 8);
  store<f64>(result, across(bTotal), 16);
  store<f64>(result, across(unitTotal), 24);
  const two = f32x4.pmax(largest, v128.shuffle<i64>(largest, largest, 1, 1));
  // The root of a rounded square is what was squared.
  store<f64>(result, <f64>Mathf.sqrt(max(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1))), 32);
  const counts = i32x4.add(changed, v128.shuffle<i64>(changed, changed, 1, 1));
  store<f64>(result, <f64>(i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1)), 40);
}

function singleFrom<A>(b: i32, aAt: usize, bAt: usize, count: i32, result: usize): void {
  if (b == 0) single<A, u16>(aAt, bAt, count, result);
  else if (b == 1) single<A, i16>(aAt, bAt, count, result);
  else single<A, f32>(aAt, bAt, count, result);
}

/** `count` elements, a multiple of eight, in formats `a` and `b` below F64. The unit is 2^exponent of b. */
export function singlePair(a: i32, b: i32, aAt: usize, bAt: usize, count: i32, result: usize): void {
  if (a == 0) singleFrom<u16>(b, aAt, bAt, count, result);
  else if (a == 1) singleFrom<i16>(b, aAt, bAt, count, result);
  else singleFrom<f32>(b, aAt, bAt, count, result);
}

// @ts-ignore: decorator
@inline
function valueAt<T>(at: usize): f64 {
  if (isFloat<T>()) return <f64>load<T>(at);
  if (!isSigned<T>()) return <f64>reinterpret<f32>((<u32>load<u16>(at)) << 16);
  return <f64>f32x4.extract_lane(fromHalves(i32x4.splat(load<u16>(at))), 0);
}

/** In float64, one by one: whatever the weights are. */
function exact<A, B>(a: usize, b: usize, count: i32, epsilon: f64, least: f64, result: usize): void {
  let deltaSum: f64 = 0;
  let aSum: f64 = 0;
  let bSum: f64 = 0;
  let dot: f64 = 0;
  let unitSum: f64 = 0;
  let largest: f64 = 0;
  let changed: i32 = 0;
  let odd: i32 = 0;
  const leastSquare = least * least;
  for (let index = 0; index < count; index++) {
    const before = valueAt<A>(a);
    const after = valueAt<B>(b);
    a += sizeof<A>();
    b += sizeof<B>();
    // Only what is not finite has a difference from itself that is not zero.
    if (before - before != 0 || after - after != 0) {
      odd++;
      continue;
    }
    const delta = after - before;
    deltaSum += delta * delta;
    aSum += before * before;
    bSum += after * after;
    dot += before * after;
    const magnitude = abs(delta);
    if (magnitude > largest) largest = magnitude;
    if (before != after) changed++;
    const power = reinterpret<f64>(reinterpret<u64>(after) & 0x7ff0000000000000);
    const unit = power * epsilon;
    unitSum += unit > least ? unit * unit : leastSquare;
  }
  store<f64>(result, deltaSum);
  store<f64>(result, aSum, 8);
  store<f64>(result, bSum, 16);
  store<f64>(result, unitSum, 24);
  store<f64>(result, largest, 32);
  store<f64>(result, <f64>changed, 40);
  store<f64>(result, dot, 48);
  store<f64>(result, <f64>odd, 56);
}

function exactFrom<A>(b: i32, aAt: usize, bAt: usize, count: i32, epsilon: f64, least: f64, result: usize): void {
  if (b == 0) exact<A, u16>(aAt, bAt, count, epsilon, least, result);
  else if (b == 1) exact<A, i16>(aAt, bAt, count, epsilon, least, result);
  else if (b == 2) exact<A, f32>(aAt, bAt, count, epsilon, least, result);
  else exact<A, f64>(aAt, bAt, count, epsilon, least, result);
}

/** Any formats and any `count`. The unit is 2^exponent of b times `epsilon`, and `least` at least. */
export function exactPair(
  a: i32,
  b: i32,
  aAt: usize,
  bAt: usize,
  count: i32,
  epsilon: f64,
  least: f64,
  result: usize,
): void {
  if (a == 0) exactFrom<u16>(b, aAt, bAt, count, epsilon, least, result);
  else if (a == 1) exactFrom<i16>(b, aAt, bAt, count, epsilon, least, result);
  else if (a == 2) exactFrom<f32>(b, aAt, bAt, count, epsilon, least, result);
  else exactFrom<f64>(b, aAt, bAt, count, epsilon, least, result);
}

function squaresOf<T>(at: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let index = 0; index < count; index++) {
    const value = valueAt<T>(at);
    at += sizeof<T>();
    if (value - value == 0) sum += value * value;
  }
  return sum;
}

/** Σw² of the finite elements of one block, in float64. */
export function exactSquares(format: i32, at: usize, count: i32): f64 {
  if (format == 0) return squaresOf<u16>(at, count);
  if (format == 1) return squaresOf<i16>(at, count);
  if (format == 2) return squaresOf<f32>(at, count);
  return squaresOf<f64>(at, count);
}
