/**
 * What can be said where a difference is not shown: two one-sided tests at 5 %, as the report of a freeze experiment has
 * them. The 90 % interval comes from the counts that an evaluation stores.
 */
import type { Comparison } from '../engine/analyses/evaluate/result.js';
import { pairedDifference } from '../engine/statistics/paired.js';

/** Half-width of what counts as equivalent: 5 points. */
export const MARGIN = 0.05;
const LEVEL = 0.9;

export interface Equivalence {
  low: number;
  high: number;
  within: boolean;
}

/** @param counts of questions by (against, checkpoint): both, lost, won, neither */
export function equivalenceOf({ tt, tf, ft, ff }: Pick<Comparison, 'tt' | 'tf' | 'ft' | 'ff'>): Equivalence {
  const times = (count: number, value: boolean) => Array.from({ length: count }, () => value);
  const before = [...times(tt + tf, true), ...times(ft + ff, false)];
  const after = [...times(tt, true), ...times(tf, false), ...times(ft, true), ...times(ff, false)];
  const { low, high } = pairedDifference(before, after, LEVEL);
  return { low, high, within: low > -MARGIN && high < MARGIN };
}
