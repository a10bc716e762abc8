/** Sets whose questions come in variants: how often all variants of one are right, and how often each. */
import { bootstrapMean, wilson } from '../../statistics/statistics.js';
import { type EvaluatedQuestion, SETTINGS, type Variants } from './result.js';

/** Enough for two digits of a percentile. */
const RESAMPLES = 2000;

/**
 * Per set, setting and checkpoint; empty where no question has two variants. Where questions have several answers, the
 * first counts.
 */
export function variantsOf(
  questions: readonly Pick<EvaluatedQuestion, 'variantOf' | 'right'>[],
  checkpoints: number,
  seed: number,
): Variants[] {
  const sets = new Map<string, Map<string, (typeof questions)[number][]>>();
  for (const question of questions) {
    const { variantOf } = question;
    if (variantOf === undefined) continue;
    const of = variantOf.slice(0, variantOf.indexOf('/'));
    const groups = sets.get(of) ?? new Map<string, (typeof questions)[number][]>();
    groups.set(variantOf, [...(groups.get(variantOf) ?? []), question]);
    sets.set(of, groups);
  }
  return [...sets].flatMap(([of, groups]) =>
    SETTINGS.flatMap((setting) => {
      const several = [...groups.values()]
        .map((group) => group.flatMap(({ right }) => (right[setting] ? [right[setting]] : [])))
        .filter((group) => group.length > 1);
      if (several.length === 0) return [];
      return Array.from({ length: checkpoints }, (_, checkpoint): Variants => {
        const fractions = several.map((group) => group.filter((flags) => flags[checkpoint]).length / group.length);
        const worst = fractions.filter((fraction) => fraction === 1).length;
        const { mean, low, high } = bootstrapMean(fractions, { resamples: RESAMPLES, seed });
        const { low: worstLow, high: worstHigh } = wilson(worst, several.length);
        return {
          of,
          setting,
          checkpoint,
          questions: several.length,
          n: several.reduce((sum, group) => sum + group.length, 0),
          mean,
          meanLow: low,
          meanHigh: high,
          worst: worst / several.length,
          worstLow,
          worstHigh,
        };
      });
    }),
  );
}
