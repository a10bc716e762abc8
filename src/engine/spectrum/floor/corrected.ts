/** What is left of a spectrum once the floor is taken out, and which metrics the floor dominates (docs/spectra.md). */
import { rankOf, topMetrics } from '../metrics.js';
import { ENERGY_RANKS, TOP, type MetricName, type Spectrum, type SpectrumFloor, type SpectrumMetrics } from '../result.js';
import type { RoundingFloor } from './floor.js';
import { NoiseSpectrum } from './noise.js';

type Corrected = NonNullable<Spectrum['corrected']>;

/** Relative error of a corrected stable rank that the model itself leaves (docs/spectra.md). */
const modelError = (gain: number) => 0.07 + 0.25 * Math.max(0, 1 - gain);
/** An update whose first value is no further above a spectrum without directions has none that can be told. */
const TELLING = 1.03;
/** Share of the energy outside the directions that are seen, above which the first may be no direction of its own. */
const DIFFUSE = 0.1;

/**
 * Stable rank and top-k energy of the update itself. `values` are the computed singular values, largest first, all or
 * the leading ones; `count` of them there are. Null where none stands above the floor.
 */
export function correctedOf(values: Float64Array, fro: number, count: number, { floor, high, gain, signalShare, variances }: RoundingFloor): Corrected | null {
  if (!(values[0]! > 0)) return null;
  if (gain === null || signalShare === null || floor.fro === 0) {
    const { stableRank, topEnergy } = topMetrics(values, fro);
    return { stableRank, stableRankLow: stableRank, stableRankHigh: stableRank, topEnergy, signalRank: rankOf(values) };
  }
  const noise = new NoiseSpectrum(variances);
  // An update that is mostly noise adds its own energy to the noise if it has no directions, and widens that spectrum.
  const limit = signalShare < HALF ? (TELLING * high[0]!) / Math.sqrt(1 - signalShare) : high[0]!;
  const signalRank = countAbove(values, limit);
  if (signalRank === 0) return null;

  const least = noise.edge * (1 + 1e-4);
  const beneath = (value: number) => (noise.beneath(Math.max(value, least)) ?? 0) / gain;
  const spikes = values.subarray(0, Math.max(signalRank, countAbove(values, least))).map(beneath);
  const largest = spikes[0]!;
  const energy = (k: number) => spikes.subarray(0, k).reduce((sum, value) => sum + value * value, 0);
  // All of the update's energy, wherever it is; and that of the directions that are seen.
  const total = Math.max(largest ** 2, (fro ** 2 * signalShare) / gain ** 2);
  const isSeenWhole = spikes.length < values.length || values.length === count;
  // Below the steps, rounding favours what is large, within a direction too: the first value is then overestimated and
  // further directions appear. The one makes `total` too small in its units, the other `seen` too large.
  const seen = isSeenWhole ? energy(spikes.length) : total;
  const best = Math.sqrt(Math.max(seen, total) * total);
  // What is not seen lies in many directions. If the first is one of those, noise has added to it in squares.
  const unseen = Math.max(0, 1 - seen / total);
  const square = (value: number) => beneath(value) ** 2;
  const diffuseSquare = (value: number) => (Math.max(value, least) ** 2 - noise.edge ** 2) / gain ** 2;
  const leastSquare = (value: number) => (unseen > DIFFUSE ? Math.min(square(value), diffuseSquare(value)) : square(value));
  const fluctuation = 2 * noise.edgeScale;
  return {
    stableRank: Math.min(count, Math.max(1, best / (square(values[0]!) ** (1 - unseen) * diffuseSquare(values[0]!) ** unseen))),
    stableRankLow: Math.max(1, ((1 - modelError(gain)) * Math.min(seen, total)) / square(values[0]! + fluctuation)),
    // Of an update that is mostly noise and mostly unseen, little more is known than that it has directions.
    stableRankHigh: signalShare < HALF && unseen > HALF ? count : Math.min(count, ((1 + modelError(gain)) * Math.max(seen, total)) / leastSquare(values[0]! - fluctuation)),
    topEnergy: Object.fromEntries(ENERGY_RANKS.map((k) => [k, Math.min(1, energy(k) / best)])),
    signalRank,
  };
}

/** Of descending values. */
function countAbove(values: Float64Array, limit: number): number {
  const end = values.findIndex((value) => !(value > limit));
  return end < 0 ? values.length : end;
}

/** A metric is dominated where at least this share of what it is made of would be there without training. */
const HALF = 1 / 2;

/** The metrics of which the floor says more than training does. */
export function dominatedBy(spectrum: SpectrumMetrics & { fro: number; singularValues: readonly number[] }, floor: SpectrumFloor): MetricName[] {
  if (floor.fro === 0 || spectrum.spectral === 0) return [];
  // Those that make up the log-volume.
  const top = spectrum.singularValues.slice(0, Math.min(TOP, rankOf(Float64Array.from(spectrum.singularValues))));
  const within = top.filter((value, index) => value <= (floor.high[index] ?? 0)).length;
  const isFirst = spectrum.spectral <= floor.high[0]!;
  const isEnergy = floor.fro ** 2 >= HALF * spectrum.fro ** 2;
  const isBulk = floor.nuclear >= HALF * spectrum.nuclear;
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
