/** How far metrics of exact values may be off, by what the values may be off. */
import { ENERGY_RANKS, TOP, type MetricName, type SpectrumMetrics } from './result.js';

/**
 * Relative error of any value that counts, from the Gram matrix of a long side (docs/spectra.md). All else errs less.
 */
const RELATIVE = 2e-6;

/** Bounds in the metric's own unit. `count` is min(rows, columns). */
export function exactErrors(
  { spectral, nuclear, stableRank, effectiveRank, conditionNumber, logVolume, topEnergy }: SpectrumMetrics,
  count: number,
): Record<MetricName, number | null> {
  const fraction = (value: number | null, factor: number) => (value === null ? null : factor * RELATIVE * value);
  return {
    spectral: RELATIVE * spectral,
    nuclear: RELATIVE * nuclear,
    stableRank: fraction(stableRank, 4),
    // dH = Σ |dp| (|log p| + H) with |dp| ≤ 2·RELATIVE·p, and both sums are H.
    effectiveRank: fraction(effectiveRank, 4 * Math.log(Math.max(2, count))),
    conditionNumber: fraction(conditionNumber, 2),
    logVolume: logVolume === null ? null : TOP * RELATIVE,
    topEnergy: ENERGY_RANKS.reduce<number | null>(
      (most, rank) => (topEnergy[rank] === null ? most : Math.max(most ?? 0, 4 * RELATIVE * topEnergy[rank]!)),
      null,
    ),
  };
}
