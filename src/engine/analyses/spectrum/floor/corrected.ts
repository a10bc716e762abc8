/** What is left of a spectrum once the floor is taken out, and which metrics the floor dominates (docs/spectra.md). */
import { rankOf, topMetrics } from '../metrics.js';
import { ENERGY_RANKS, TOP, type MetricName, type Spectrum, type SpectrumMetrics } from '../result.js';
import type { RoundingFloor } from './floor.js';
import { NoiseSpectrum } from './noise.js';

type Corrected = NonNullable<Spectrum['corrected']>;

/**
 * What the model itself may be wrong by, as factors (docs/spectra.md). Below the steps it errs to the low side:
 * directions that do not arrive are missing, and those that do look larger.
 */
const fewer = (gain: number) => 0.93 - 0.25 * lost(gain);
const more = (gain: number) => 1.07 + 0.5 * lost(gain) + 2.3 * lost(gain) ** 2;
const lost = (gain: number) => Math.max(0, 1 - gain);
/** From here on the fit of what rounding did to the update is not believed … */
const MISFIT = 0.25;
/** … unless rounding, whatever the update is like, makes up less than this of its energy. */
const NEGLIGIBLE = 0.04;
/** An update whose first value is no further above a spectrum without directions has none that can be told. */
const TELLING = 1.03;
/**
 * Fraction of the energy outside the directions that are seen, above which the first may be no direction of its own.
 */
const DIFFUSE = 0.1;

/** Whether the update is like what its correction takes for granted; where not, there is none. */
export function isLikeTheFit({ misfit, uniformFraction }: RoundingFloor): boolean {
  return misfit <= MISFIT || uniformFraction === null || uniformFraction <= NEGLIGIBLE;
}

/**
 * Stable rank and top-k energy of the update itself. `values` are the computed singular values, largest first, all or
 * the leading ones; `count` of them there are. Null where none stands above the floor, or what rounding did to the
 * update is not known.
 */
export function correctedOf(
  values: Float64Array,
  fro: number,
  count: number,
  rounding: RoundingFloor,
): Corrected | null {
  const { floor, high, gain, signalFraction, energyError, variances } = rounding;
  if (!(values[0]! > 0)) return null;
  if (gain === null || signalFraction === null || floor.fro === 0) {
    const { stableRank, topEnergy } = topMetrics(values, fro);
    return {
      stableRank,
      stableRankLow: stableRank,
      stableRankHigh: stableRank,
      topEnergy,
      topEnergyLow: topEnergy,
      topEnergyHigh: topEnergy,
      signalRank: rankOf(values),
    };
  }
  if (!isLikeTheFit(rounding)) return null;
  const noise = new NoiseSpectrum(variances);
  // An update that is mostly noise adds its own energy to the noise if it has no directions, and widens that spectrum.
  const limit = signalFraction < HALF ? (TELLING * high[0]!) / Math.sqrt(1 - signalFraction) : high[0]!;
  const signalRank = countAbove(values, limit);
  if (signalRank === 0) return null;

  const least = noise.edge * (1 + 1e-4);
  const beneath = (value: number) => (noise.beneath(Math.max(value, least)) ?? 0) / gain;
  const spikes = values.subarray(0, Math.max(signalRank, countAbove(values, least))).map(beneath);
  const largest = spikes[0]!;
  const energy = (k: number) => spikes.subarray(0, k).reduce((sum, value) => sum + value * value, 0);
  // All of the update's energy, wherever it is, if the noise has this share less of it; and that of the directions that
  // are seen.
  const totalWith = (less: number) =>
    Math.max(largest ** 2, (fro ** 2 * (signalFraction + less * (1 - signalFraction))) / gain ** 2);
  const total = totalWith(0);
  const isSeenWhole = spikes.length < values.length || values.length === count;
  // Below the steps, rounding favours what is large, within a direction too: the first value is then overestimated and
  // further directions appear. The one makes `total` too small in its units, the other `seen` too large.
  const seen = isSeenWhole ? energy(spikes.length) : total;
  const best = Math.sqrt(Math.max(seen, total) * total);
  // What is not seen lies in many directions. If the first is one of those, noise has added to it in squares.
  const unseen = Math.max(0, 1 - seen / total);
  const square = (value: number) => beneath(value) ** 2;
  const diffuseSquare = (value: number) => (Math.max(value, least) ** 2 - noise.edge ** 2) / gain ** 2;
  const leastSquare = (value: number) =>
    unseen > DIFFUSE ? Math.min(square(value), diffuseSquare(value)) : square(value);
  const fluctuation = 2 * noise.edgeScale;
  const stableRankLow = Math.max(
    1,
    (fewer(gain) * Math.min(seen, totalWith(-energyError))) / square(values[0]! + fluctuation),
  );
  // Of an update that is mostly noise and mostly unseen, little more is known than that it has directions.
  const stableRankHigh =
    signalFraction < HALF && unseen > HALF
      ? count
      : Math.min(count, (more(gain) * Math.max(seen, totalWith(energyError))) / leastSquare(values[0]! - fluctuation));
  const fractions = (energyOf: (k: number) => number) =>
    Object.fromEntries(ENERGY_RANKS.map((k) => [k, Math.min(1, energyOf(k))]));
  return {
    stableRank: Math.min(
      count,
      Math.max(1, best / (square(values[0]!) ** (1 - unseen) * diffuseSquare(values[0]!) ** unseen)),
    ),
    stableRankLow,
    stableRankHigh,
    topEnergy: fractions((k) => energy(k) / best),
    topEnergyLow: fractions((k) => energy(k) / largest ** 2 / stableRankHigh),
    topEnergyHigh: fractions((k) => energy(k) / largest ** 2 / stableRankLow),
    signalRank: Math.min(signalRank, rankOf(values)),
  };
}

/** Of descending values. */
function countAbove(values: Float64Array, limit: number): number {
  const end = values.findIndex((value) => !(value > limit));
  return end < 0 ? values.length : end;
}

/** A metric is dominated where at least this fraction of what it is made of would be there without training. */
const HALF = 1 / 2;

/**
 * The metrics of which the floor says more than training does. Where the update is not like what the floor was fitted
 * for, noise may be as large as that of uniform errors, and the flags allow for it.
 */
export function dominatedBy(
  spectrum: SpectrumMetrics & { fro: number; singularValues: readonly number[] },
  rounding: RoundingFloor,
): MetricName[] {
  const { floor } = rounding;
  if (floor.fro === 0 || spectrum.spectral === 0) return [];
  // Those that make up the log-volume.
  const top = spectrum.singularValues.slice(0, Math.min(TOP, rankOf(Float64Array.from(spectrum.singularValues))));
  const within = top.filter((value, index) => value <= (floor.high[index] ?? 0)).length;
  const isFirst = spectrum.spectral <= floor.high[0]!;
  const isInDoubt = !isLikeTheFit(rounding) && rounding.uniformFraction! >= HALF;
  const isEnergy = isInDoubt || floor.fro ** 2 >= HALF * spectrum.fro ** 2;
  const isBulk = isInDoubt || floor.nuclear >= HALF * spectrum.nuclear;
  const smallest = (of: SpectrumMetrics) => (of.conditionNumber === null ? null : of.spectral / of.conditionNumber);
  const [own, noise] = [smallest(spectrum), smallest(floor)];
  const rules: Record<MetricName, boolean> = {
    spectral: isFirst,
    nuclear: isBulk,
    stableRank: isFirst || isEnergy,
    effectiveRank: isBulk,
    conditionNumber: own !== null && (isBulk || (noise !== null && noise >= HALF * own)),
    logVolume: within >= HALF * top.length,
    topEnergy: isFirst || isEnergy,
  };
  return (Object.keys(rules) as MetricName[]).filter((name) => rules[name]);
}
