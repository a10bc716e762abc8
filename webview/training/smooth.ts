/** Smoothing of noisy lines. No DOM. */
import type { Smoothing } from './view.js';

/** How much of the mean before stays at each point. */
const WEIGHTS: Readonly<Record<Smoothing, number>> = { none: 0, light: 0.6, medium: 0.9, strong: 0.97 };

/**
 * The exponential moving average over the points that are there, without a bias towards zero at its beginning: as
 * TensorBoard smooths. Null stays null and counts for nothing.
 */
export function smoothed(values: readonly (number | null)[], smoothing: Smoothing): (number | null)[] {
  const weight = WEIGHTS[smoothing];
  if (weight === 0) return [...values];
  let mean = 0;
  let count = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    return mean / (1 - weight ** ++count);
  });
}
