/** Differences of bf16 values, in AssemblyScript (`scripts/assembly.mjs`): eight at a time. Addresses are in bytes. */

/** @returns the pages there were; below zero when there are no more to be had. */
export function grow(pages: i32): i32 {
  return memory.grow(pages);
}

/** A bf16 is the upper half of an fp32: four of eight, `first` to `first + 4`. */
// @ts-ignore: decorator
@inline
function low(halves: v128): v128 {
  return v128.shuffle<i16>(i32x4.splat(0), halves, 0, 8, 0, 9, 0, 10, 0, 11);
}

// @ts-ignore: decorator
@inline
function high(halves: v128): v128 {
  return v128.shuffle<i16>(i32x4.splat(0), halves, 0, 12, 0, 13, 0, 14, 0, 15);
}

/** `after − before` as fp32, rounded once; `count` is a multiple of eight. @returns whether all are finite. */
export function single(before: usize, after: usize, target: usize, count: i32): bool {
  let odd = i32x4.splat(0);
  for (let end = before + ((<usize>count) << 1); before < end; before += 16) {
    const earlier = v128.load(before);
    const later = v128.load(after);
    const a = f32x4.sub(low(later), low(earlier));
    const b = f32x4.sub(high(later), high(earlier));
    v128.store(target, a);
    v128.store(target, b, 16);
    // Only what is not finite has a difference from itself that is not zero: NaN, which differs from itself.
    const zeros = v128.or(f32x4.sub(a, a), f32x4.sub(b, b));
    odd = v128.or(odd, f32x4.ne(zeros, zeros));
    after += 16;
    target += 32;
  }
  return !v128.any_true(odd);
}

/** The same as float64, which is exact. */
export function double(before: usize, after: usize, target: usize, count: i32): bool {
  let odd = i32x4.splat(0);
  for (let end = before + ((<usize>count) << 1); before < end; before += 16) {
    const earlier = v128.load(before);
    const later = v128.load(after);
    for (let half = 0; half < 2; half++) {
      const a = half == 0 ? low(later) : high(later);
      const b = half == 0 ? low(earlier) : high(earlier);
      const first = f64x2.sub(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
      const second = f64x2.sub(
        f64x2.promote_low_f32x4(v128.shuffle<i64>(a, a, 1, 1)),
        f64x2.promote_low_f32x4(v128.shuffle<i64>(b, b, 1, 1)),
      );
      v128.store(target, first);
      v128.store(target, second, 16);
      const zeros = v128.or(f64x2.sub(first, first), f64x2.sub(second, second));
      odd = v128.or(odd, f64x2.ne(zeros, zeros));
      target += 32;
    }
    after += 16;
  }
  return !v128.any_true(odd);
}
