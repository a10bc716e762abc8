/** What is said about a list of singular values. Definitions: `result.ts`; what they mean: docs/spectra.md. */
import { ENERGY_RANKS, TOP, type SpectrumMetrics } from './result.js';

/** A value at or below this fraction of σ₁ counts as zero: weights and their difference are not known better. */
export const RANK_TOLERANCE = 1e-6;

export interface MeasuredSpectrum extends SpectrumMetrics {
  /** ‖Δ‖_F. */
  fro: number;
  count: number;
  /** Values above `RANK_TOLERANCE`·σ₁. */
  rank: number;
}

/**
 * The metrics of all singular values of a matrix, in any order; zeros included, since `count` is their number.
 * `fro`, where it is known from the matrix itself, is used in place of √Σσ².
 *
 * Of an all-zero matrix only the norms exist. `conditionNumber` and the logarithms of `logVolume` take no value at or
 * below `RANK_TOLERANCE`·σ₁, where a singular value is rounding of the computation.
 */
export function metricsOf(values: Float64Array, fro = norm(values)): MeasuredSpectrum {
  const sorted = values.slice().sort().reverse();
  const spectral = sorted[0] ?? 0;
  const nuclear = sorted.reduce((sum, value) => sum + value, 0);
  const rank = rankOf(sorted);
  return {
    spectral,
    nuclear,
    ...topMetrics(sorted, fro),
    effectiveRank: effectiveRank(sorted, nuclear),
    conditionNumber: rank === sorted.length && rank > 0 ? spectral / sorted[rank - 1]! : null,
    fro,
    count: sorted.length,
    rank,
  };
}

/**
 * The metrics that the largest values and ‖Δ‖_F give. `sorted` is descending and may end early, but not before `TOP`.
 */
export function topMetrics(
  sorted: Float64Array,
  fro: number,
): Pick<SpectrumMetrics, 'stableRank' | 'logVolume' | 'topEnergy'> {
  const spectral = sorted[0] ?? 0;
  const above = sorted.subarray(0, Math.min(TOP, rankOf(sorted)));
  return {
    stableRank: spectral > 0 ? (fro / spectral) ** 2 : null,
    logVolume: spectral > 0 ? above.reduce((sum, value) => sum + Math.log(value), 0) : null,
    topEnergy: Object.fromEntries(
      ENERGY_RANKS.map((k) => [k, spectral > 0 ? Math.min(1, energyFraction(sorted, k, fro)) : null]),
    ),
  };
}

/** Values above `RANK_TOLERANCE`·σ₁. `sorted` is descending. */
export function rankOf(sorted: Float64Array): number {
  const least = RANK_TOLERANCE * (sorted[0] ?? 0);
  const end = sorted.findIndex((value) => !(value > least));
  return end < 0 ? sorted.length : end;
}

/** exp of the entropy of σ/Σσ (Roy & Vetterli 2007); null of nothing. */
function effectiveRank(values: Float64Array, nuclear: number): number | null {
  if (!(nuclear > 0)) return null;
  let entropy = 0;
  for (const value of values) {
    const fraction = value / nuclear;
    if (fraction > 0) entropy -= fraction * Math.log(fraction);
  }
  return Math.exp(entropy);
}

function energyFraction(sorted: Float64Array, k: number, fro: number): number {
  return sorted.subarray(0, k).reduce((sum, value) => sum + (value / fro) ** 2, 0);
}

/** √Σσ², without the underflow that squares of a tiny update would have. */
function norm(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest === 0 ? 0 : largest * Math.sqrt(values.reduce((sum, value) => sum + (value / largest) ** 2, 0));
}
