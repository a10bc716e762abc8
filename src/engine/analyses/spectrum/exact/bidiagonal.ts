/**
 * Singular values of an upper bidiagonal matrix: implicit QR with Wilkinson-like shifts, and without a shift where one
 * would lose small values (Golub & Kahan 1965; Demmel & Kahan 1990, as in LAPACK's dbdsqr). Values only: O(n²).
 */

const EPSILON = Number.EPSILON;
/** QR sweeps per value; two or three are usual. */
const MAX_SWEEPS = 40;

/** Both arrays are overwritten. `diagonal` has n elements, `upper` n − 1. @returns the values, descending. */
export function bidiagonalValues(diagonal: Float64Array, upper: Float64Array): Float64Array {
  const [d, e] = [diagonal, upper];
  const largest = [d, e].reduce(
    (top, values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), top),
    0,
  );
  if (!(largest > 0)) return d.fill(0);
  if (!Number.isFinite(largest)) throw new RangeError('a bidiagonal matrix with values that are not finite');
  // To the middle of the range, so that squares neither overflow nor vanish.
  for (const values of [d, e]) for (let index = 0; index < values.length; index++) values[index]! /= largest;

  const negligible = EPSILON * EPSILON;
  let budget = MAX_SWEEPS * d.length;
  let lastLow = -1;
  let lastHigh = -1;
  for (let high = d.length - 1; high > 0;) {
    let low = high;
    for (; low > 0; low--) {
      if (Math.abs(e[low - 1]!) <= EPSILON * (Math.abs(d[low - 1]!) + Math.abs(d[low]!)) + negligible) {
        e[low - 1] = 0;
        break;
      }
    }
    if (low === high) {
      high--;
      continue;
    }
    if (budget-- === 0) throw new Error('QR iteration did not converge');
    // Small values converge at the lower end: a new block that has its large ones there is turned around.
    if ((low > lastHigh || high < lastLow || lastHigh < 0) && Math.abs(d[low]!) < Math.abs(d[high]!)) {
      d.subarray(low, high + 1).reverse();
      e.subarray(low, high).reverse();
    }
    [lastLow, lastHigh] = [low, high];
    const shift = shiftOf(d, e, low, high);
    if (shift === 0) sweepUnshifted(d, e, low, high);
    else sweep(d, e, low, high, shift);
  }
  for (let index = 0; index < d.length; index++) d[index] = Math.abs(d[index]!) * largest;
  return d.sort().reverse();
}

/** The smaller singular value of the last 2 × 2 block; 0 where a shift would drown what it is to find. */
function shiftOf(d: Float64Array, e: Float64Array, low: number, high: number): number {
  for (let index = low; index <= high; index++) if (Math.abs(d[index]!) <= EPSILON * EPSILON) return 0;
  const f = Math.abs(d[high - 1]!);
  const g = Math.abs(e[high - 1]!);
  const h = Math.abs(d[high]!);
  const [small, large] = f < h ? [f, h] : [h, f];
  // As in LAPACK's dlas2.
  let shift: number;
  if (g < large) {
    const ratio = 1 + small / large;
    const difference = (large - small) / large;
    const square = (g / large) ** 2;
    shift = small * (2 / (Math.sqrt(ratio * ratio + square) + Math.sqrt(difference * difference + square)));
  } else {
    const scale = large / g;
    const ratio = 1 + small / large;
    const difference = (large - small) / large;
    shift =
      2 * (small * (1 / (Math.sqrt(1 + (ratio * scale) ** 2) + Math.sqrt(1 + (difference * scale) ** 2)))) * scale;
  }
  const first = Math.abs(d[low]!);
  return (shift / first) ** 2 < EPSILON ? 0 : shift;
}

/** One implicit QR sweep over the block, from its upper end to its lower. */
function sweep(d: Float64Array, e: Float64Array, low: number, high: number, shift: number): void {
  const first = d[low]!;
  let f = (Math.abs(first) - shift) * (Math.sign(first) + shift / first);
  let g = e[low]!;
  for (let index = low; index < high; index++) {
    let length = Math.sqrt(f * f + g * g);
    let cosine = 1;
    let sine = 0;
    if (length > 0) {
      const inverse = 1 / length;
      cosine = f * inverse;
      sine = g * inverse;
    }
    if (index > low) e[index - 1] = length;
    f = cosine * d[index]! + sine * e[index]!;
    const above = cosine * e[index]! - sine * d[index]!;
    g = sine * d[index + 1]!;
    const next = cosine * d[index + 1]!;
    length = Math.sqrt(f * f + g * g);
    cosine = 1;
    sine = 0;
    if (length > 0) {
      const inverse = 1 / length;
      cosine = f * inverse;
      sine = g * inverse;
    }
    d[index] = length;
    f = cosine * above + sine * next;
    d[index + 1] = cosine * next - sine * above;
    if (index < high - 1) {
      g = sine * e[index + 1]!;
      e[index + 1] = cosine * e[index + 1]!;
    }
  }
  e[high - 1] = f;
}

/** The same without a shift, which keeps every value's relative accuracy and splits the block at a zero. */
function sweepUnshifted(d: Float64Array, e: Float64Array, low: number, high: number): void {
  let cosine = 1;
  let oldCosine = 1;
  let oldSine = 0;
  for (let index = low; index < high; index++) {
    let f = d[index]! * cosine;
    let g = e[index]!;
    let length = Math.sqrt(f * f + g * g);
    let sine = 0;
    cosine = 1;
    if (length > 0) [cosine, sine] = [f / length, g / length];
    if (index > low) e[index - 1] = oldSine * length;
    f = oldCosine * length;
    g = d[index + 1]! * sine;
    length = Math.sqrt(f * f + g * g);
    oldCosine = 1;
    oldSine = 0;
    if (length > 0) [oldCosine, oldSine] = [f / length, g / length];
    d[index] = length;
  }
  const last = d[high]! * cosine;
  d[high] = last * oldCosine;
  e[high - 1] = last * oldSine;
}
