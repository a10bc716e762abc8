/**
 * What rounding did to an update, told from the steps by which stored weights moved (docs/spectra.md).
 *
 * Training starts from a stored weight, which lies on the grid, and its result is rounded to the grid: an update δ of a
 * weight with step u is stored as Q = u·round(δ/u). Small weights have small steps and show what δ is like; from all of
 * them the distribution of δ is fitted, as a mixture of normal distributions (maximum likelihood by EM). It says how
 * much of δ arrives, Q ≈ gain·δ + noise, and how large the noise is for every step.
 */
import { jStat } from 'jstat';

/** Bounds of the classes of |k|, k = round(δ/u): each by itself up to 8, then growing by half. The last one is open. */
const CLASSES: readonly number[] = (() => {
  const bounds = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  while (bounds[bounds.length - 1]! < 2 ** 20) bounds.push(Math.ceil(bounds[bounds.length - 1]! * 1.5));
  return bounds;
})();

/** Classes of k up to 8 fit by themselves; above, by the logarithm. */
function classOf(k: number): number {
  if (k < 9) return k;
  let index = Math.min(CLASSES.length - 1, 8 + Math.floor(Math.log(k / 8) / Math.log(1.5)));
  while (index + 1 < CLASSES.length && CLASSES[index + 1]! <= k) index++;
  while (CLASSES[index]! > k) index--;
  return index;
}

interface Bin {
  counts: Float64Array;
  total: number;
  /** Σk² and Σk⁴. */
  squares: number;
  fourths: number;
}

/** How often weights moved by how many steps, by the exponent of the step. */
export class StepCounts {
  readonly bins = new Map<number, Bin>();
  total = 0;
  /** Moves of at most as many steps as rounding still shows in. */
  private fine = 0;

  /** A weight whose step is 2^exponent moved by `steps` of it. */
  add(exponent: number, steps: number): void {
    let bin = this.bins.get(exponent);
    if (bin === undefined)
      this.bins.set(exponent, (bin = { counts: new Float64Array(CLASSES.length), total: 0, squares: 0, fourths: 0 }));
    bin.counts[classOf(steps)]!++;
    bin.total++;
    bin.squares += steps * steps;
    bin.fourths += steps ** 4;
    this.total++;
    if (steps < FINE) this.fine++;
  }

  /** True where rounding errors are as good as uniform: nearly all weights moved by many steps. */
  get isCoarse(): boolean {
    return this.fine < this.total / 100;
  }
}

const FINE = 8;

/** How stored changes Q relate to the update δ. All per element. */
export interface Rounding {
  /** Q ≈ gain·δ + noise, with noise uncorrelated with δ. At most about 1. */
  gain: number;
  /** E δ². */
  signal: number;
  /** E noise² of a weight whose step is 2^exponent. */
  noise: (exponent: number) => number;
  /**
   * How much of the stored energy the fit puts on other steps than those where it is, chance aside: what it takes for
   * granted, an update that is independent of the steps and of no strange distribution, is then not so. 0 where nothing
   * was fitted.
   */
  misfit: number;
}

/** Rounding of values that lie anywhere between the steps: uniform errors, whatever the update. `energy` is E Q². */
export function uniformRounding(noise: (exponent: number) => number, meanNoise: number, energy: number): Rounding {
  return { gain: 1, signal: Math.max(0, energy - meanNoise), noise, misfit: 0 };
}

export const uniformNoise = (exponent: number) => 4 ** exponent / 12;

/** Rounds of EM; the fit changes little after a hundred. */
const ROUNDS = 200;

/** Rounding of updates of weights that lie on the grid; undefined where no weight moved. */
export function fittedRounding(counts: StepCounts): Rounding | undefined {
  const exponents = [...counts.bins.keys()].sort((a, b) => a - b);
  const scales = scalesOf(counts, exponents);
  if (scales === undefined) return undefined;
  const fractions = fit(counts, exponents, scales);

  const signal = scales.reduce((sum, scale, index) => sum + fractions[index]! * scale * scale, 0);
  const moments = (exponent: number) => {
    let [energy, cross] = [0, 0];
    for (const [index, scale] of scales.entries()) {
      const fraction = fractions[index]!;
      if (fraction === 0 || scale === 0) continue;
      const own = roundedMoments(scale, 2 ** exponent);
      energy += fraction * own.energy;
      cross += fraction * own.cross;
    }
    return { energy, cross };
  };
  let cross = 0;
  for (const exponent of exponents)
    cross += (moments(exponent).cross * counts.bins.get(exponent)!.total) / counts.total;
  const gain = cross / signal;

  const known = new Map<number, number>();
  const noise = (exponent: number) => {
    let value = known.get(exponent);
    if (value === undefined) {
      const model = moments(exponent);
      const bin = counts.bins.get(exponent);
      // Where few weights move, the model's tail matters more than its body, and what was seen knows better.
      const energy =
        bin !== undefined && bin.total >= SEEN && bin.counts[0]! > bin.total / 2
          ? (bin.squares / bin.total) * 4 ** exponent
          : model.energy;
      value = Math.max(0, energy - 2 * gain * model.cross + gain * gain * signal);
      known.set(exponent, value);
    }
    return value;
  };
  let [apart, all] = [0, 0];
  for (const exponent of exponents) {
    const { squares, fourths, total } = counts.bins.get(exponent)!;
    const expected = (moments(exponent).energy / 4 ** exponent) * total;
    apart += Math.max(0, Math.abs(expected - squares) - CHANCE * Math.sqrt(fourths)) * 4 ** exponent;
    all += squares * 4 ** exponent;
  }
  return { gain, signal, noise, misfit: apart / all };
}

/** Standard deviations that a sum over few weights may be off. */
const CHANCE = 2;

const SEEN = 1000;

/**
 * Standard deviations of the mixture: from what the finest steps could show to twice the largest move, and none at all.
 */
function scalesOf({ bins, total }: StepCounts, exponents: readonly number[]): number[] | undefined {
  let largest = 0;
  for (const exponent of exponents) {
    const { counts } = bins.get(exponent)!;
    for (let index = 1; index < CLASSES.length; index++)
      if (counts[index]! > 0) largest = Math.max(largest, CLASSES[index]! * 2 ** exponent);
  }
  if (largest === 0) return undefined;
  let passed = 0;
  const finest = exponents.find((exponent) => (passed += bins.get(exponent)!.total) >= total / 1000)!;
  const scales = [0];
  for (let scale = 0.2 * 2 ** finest; scale < 2 * largest * Math.SQRT2; scale *= Math.SQRT2) scales.push(scale);
  return scales;
}

/** Shares of the scales. */
function fit(counts: StepCounts, exponents: readonly number[], scales: readonly number[]): Float64Array {
  const seen: { count: number; chances: Float64Array }[] = [];
  for (const exponent of exponents) {
    const { counts: own } = counts.bins.get(exponent)!;
    own.forEach((count, index) => {
      if (count === 0) return;
      const step = 2 ** exponent;
      const from = index === 0 ? 0 : (CLASSES[index]! - 0.5) * step;
      const to = index + 1 < CLASSES.length ? (CLASSES[index + 1]! - 0.5) * step : Infinity;
      seen.push({
        count,
        chances: Float64Array.from(scales, (scale) => Math.max(Number.MIN_VALUE, tail(from, scale) - tail(to, scale))),
      });
    });
  }
  let fractions = new Float64Array(scales.length).fill(1 / scales.length);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(scales.length);
    for (const { count, chances } of seen) {
      let chance = 0;
      for (let index = 0; index < fractions.length; index++) chance += fractions[index]! * chances[index]!;
      const weight = count / counts.total / Math.max(chance, Number.MIN_VALUE);
      for (let index = 0; index < fractions.length; index++)
        next[index]! += fractions[index]! * chances[index]! * weight;
    }
    fractions = next;
  }
  return fractions;
}

/** P(|x| ≥ bound) for a normal x of this standard deviation. */
function tail(bound: number, scale: number): number {
  if (bound === 0) return 1;
  return scale === 0 || bound === Infinity ? 0 : jStat.erfc(bound / scale / Math.SQRT2);
}

/** E Q² and E Qδ for δ ~ N(0, scale²), Q = step·round(δ/step). */
function roundedMoments(scale: number, step: number): { energy: number; cross: number } {
  const ratio = scale / step;
  // Bennett's approximation is exact to 1e-30 here.
  if (ratio > 3) return { energy: scale * scale + (step * step) / 12, cross: scale * scale };
  let [energy, cross] = [0, 0];
  for (let k = 1; k - 0.5 < 9 * ratio; k++) {
    energy += (2 * k - 1) * tail(k - 0.5, ratio);
    cross += 2 * Math.exp(-(((k - 0.5) / ratio) ** 2) / 2);
  }
  return { energy: step * step * energy, cross: (step * scale * cross) / Math.sqrt(2 * Math.PI) };
}
