/** Intervals and paired tests. */
import { jStat } from 'jstat';
import { seededRandom } from '../numerics/sample.js';

export interface Interval {
  low: number;
  high: number;
}

const LEVEL = 0.95;

/** Wilson's score interval of a share. Of nothing, anything is possible: 0 to 1. */
export function wilson(hits: number, count: number, level = LEVEL): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const z = jStat.normal.inv(0.5 + level / 2, 0, 1);
  const fraction = hits / count;
  const scale = 1 + (z * z) / count;
  const middle = (fraction + (z * z) / (2 * count)) / scale;
  const half = (z * Math.sqrt((fraction * (1 - fraction)) / count + (z * z) / (4 * count * count))) / scale;
  return { low: hits === 0 ? 0 : Math.max(0, middle - half), high: hits === count ? 1 : Math.min(1, middle + half) };
}

export interface McNemar {
  /** Right before and wrong after; wrong before and right after. */
  lost: number;
  won: number;
  /** Two-sided. */
  p: number;
  /** Binomial; otherwise chi-square with continuity correction. */
  exact: boolean;
}

/** Discordant pairs below which the approximation is not good enough. */
const EXACT_BELOW = 25;

/** Do the same items come out differently? Takes one flag per item and setting, in the same order. */
export function mcnemar(before: readonly boolean[], after: readonly boolean[]): McNemar {
  if (before.length !== after.length) throw new RangeError(`${before.length} items before, ${after.length} after`);
  let [lost, won] = [0, 0];
  before.forEach((right, index) => {
    if (right && !after[index]!) lost++;
    if (!right && after[index]!) won++;
  });
  return { lost, won, ...mcnemarOf(lost, won) };
}

/** The same from the two counts of discordant pairs. */
export function mcnemarOf(lost: number, won: number): { p: number; exact: boolean } {
  const pairs = lost + won;
  if (pairs < EXACT_BELOW) return { p: Math.min(1, 2 * fairTail(Math.min(lost, won), pairs)), exact: true };
  const statistic = (Math.abs(lost - won) - 1) ** 2 / pairs;
  // The upper tail of chi-square with one degree of freedom; |lost − won| = 0 must not gain from the correction.
  return { p: lost === won ? 1 : jStat.erfc(Math.sqrt(statistic / 2)), exact: false };
}

/** P(heads ≤ most) of a fair coin. Exact: below 2⁵³ every term is a whole number. */
function fairTail(most: number, tosses: number): number {
  let ways = 1;
  let sum = 1;
  for (let heads = 1; heads <= most; heads++) {
    ways = (ways * (tosses - heads + 1)) / heads;
    sum += ways;
  }
  return sum / 2 ** tosses;
}

/** Holm's step-down correction of the p-values of one family, in their order. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const adjusted = new Array<number>(values.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[index]!));
    adjusted[index] = largest;
  });
  return adjusted;
}

export interface BootstrapOptions {
  /** Default 10,000. */
  resamples?: number;
  /** Default 0. */
  seed?: number;
  level?: number;
}

/**
 * Percentile bootstrap interval of a mean over items; of paired differences, the paired bootstrap. NaN of nothing.
 */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions = {}): Interval & { mean: number } {
  const { resamples = 10_000, seed = 0, level = LEVEL } = options;
  const count = values.length;
  if (count === 0) return { mean: NaN, low: NaN, high: NaN };
  const random = seededRandom(seed);
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let draw = 0; draw < count; draw++) sum += values[Math.floor(random() * count)]!;
    means[resample] = sum / count;
  }
  means.sort();
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / count,
    low: quantile(means, (1 - level) / 2),
    high: quantile(means, (1 + level) / 2),
  };
}

/** The mean of `after − before` over the same items, with its interval. */
export function pairedBootstrap(
  before: readonly number[],
  after: readonly number[],
  options: BootstrapOptions = {},
): Interval & { mean: number } {
  if (before.length !== after.length) throw new RangeError(`${before.length} items before, ${after.length} after`);
  return bootstrapMean(
    before.map((value, index) => after[index]! - value),
    options,
  );
}

/** Flips of signs that a test draws, where there are too many to try all. */
const FLIPS = 10_000;
/** Items up to which all flips are tried: 2¹² of them. */
const ALL_UP_TO = 12;

/**
 * Two-sided paired permutation test of the mean of `after − before`: how often signs drawn at random give a sum as far
 * from 0. Exact where few items differ; otherwise by draws, the observed one included.
 */
export function signFlip(before: readonly number[], after: readonly number[], { seed = 0 } = {}): number {
  const differences = before.flatMap((value, index) => {
    const difference = after[index]! - value;
    return difference === 0 ? [] : [difference];
  });
  const count = differences.length;
  if (count === 0) return 1;
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  // Sums that are equal but for rounding count as equal.
  const far = (sum: number) => Math.abs(sum) >= observed - 1e-9;
  let hits = 0;
  if (count <= ALL_UP_TO) {
    for (let signs = 0; signs < 2 ** count; signs++)
      if (far(differences.reduce((sum, value, index) => sum + (signs & (1 << index) ? value : -value), 0))) hits++;
    return hits / 2 ** count;
  }
  const random = seededRandom(seed);
  for (let draw = 0; draw < FLIPS; draw++)
    if (far(differences.reduce((sum, value) => sum + (random() < 0.5 ? value : -value), 0))) hits++;
  return (hits + 1) / (FLIPS + 1);
}

/** Of sorted values, interpolated as NumPy does. */
function quantile(sorted: Float64Array, probability: number): number {
  const at = probability * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
