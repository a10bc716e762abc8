/**
 * Figures of several answers per question: the mean of right answers, and whether one of k is right. Intervals are by a
 * bootstrap over questions: the answers to one question belong together.
 */
import { bootstrapMean, pairedBootstrap, signFlip } from '../../statistics/statistics.js';
import type { AbilityName } from './request.js';
import { ABILITIES, type EvaluatedQuestion, type PassAtK, type Sampled, type Setting } from './result.js';

/** Enough for two digits of a percentile. */
const RESAMPLES = 2000;

/** Right answers of each question: of `of` that were given. */
export interface Counted {
  right: number;
  of: number;
}

/**
 * The unbiased estimate of P(one of k is right) from `right` right ones of `of` answers: 1 − C(of − right, k) /
 * C(of, k) (arXiv 2107.03374). @param k at most `of`
 */
export function passAtK({ right, of }: Counted, k: number): number {
  if (of - right < k) return 1;
  let none = 1;
  for (let index = of - right + 1; index <= of; index++) none *= 1 - k / index;
  return 1 - none;
}

/** Powers of two below the number of answers, and that number. */
export function passCounts(answers: number): number[] {
  const counts: number[] = [];
  for (let k = 1; k < answers; k *= 2) counts.push(k);
  return [...counts, answers];
}

type Judged = Pick<EvaluatedQuestion, 'counts' | 'sampled'>;

/** A question's right answers for an ability, per checkpoint; undefined where it is not measured on it. */
export function countedFor(ability: AbilityName, { counts, sampled }: Judged): Counted[] | undefined {
  if (counts[ability] === undefined || sampled === undefined) return undefined;
  const { image, black, described, text } = sampled;
  const joined = (other: Sampled | undefined, meets: (right: boolean) => boolean) =>
    image?.right.map((own, checkpoint) => own.map((right, index) => right && meets(other!.right[checkpoint]![index]!)));
  const flags =
    ability === 'vis'
      ? joined(black, (right) => !right)
      : ability === 'v2r'
        ? joined(described, (right) => right)
        : ability === 'accuracy'
          ? (image ?? text)?.right
          : text?.right;
  return flags?.map((own) => ({ right: own.filter(Boolean).length, of: own.length }));
}

/** A question's right answers in a setting, per checkpoint. */
export function countedIn(setting: Setting, { sampled }: Pick<EvaluatedQuestion, 'sampled'>): Counted[] | undefined {
  return sampled?.[setting]?.right.map((own) => ({ right: own.filter(Boolean).length, of: own.length }));
}

const meanOf = ({ right, of }: Counted) => right / of;

/** The mean of right answers over questions, with its interval. */
export function meanOfRight(counted: readonly Counted[], seed: number) {
  const { mean, low, high } = bootstrapMean(counted.map(meanOf), { resamples: RESAMPLES, seed });
  return { n: counted.length, hits: counted.reduce((sum, one) => sum + meanOf(one), 0), value: mean, low, high };
}

/** pass@k of every ability that the sets allow, per checkpoint. */
export function passesOf(questions: readonly Judged[], checkpoints: number, answers: number, seed: number): PassAtK[] {
  return ABILITIES.flatMap((ability) => {
    const rows = questions.flatMap((question) => {
      const counted = countedFor(ability, question);
      return counted === undefined ? [] : [counted];
    });
    if (rows.length === 0) return [];
    return Array.from({ length: checkpoints }, (_, checkpoint) =>
      passCounts(answers).map((k): PassAtK => {
        const values = rows.map((row) => passAtK(row[checkpoint]!, k));
        const { mean, low, high } = bootstrapMean(values, { resamples: RESAMPLES, seed });
        return { ability, checkpoint, k, n: rows.length, value: mean, low, high };
      }),
    ).flat();
  });
}

/**
 * One checkpoint against another over the same questions: the difference of the means with its interval, and a
 * sign-flip test over questions.
 */
export function compareSampled(before: readonly Counted[], after: readonly Counted[], seed: number) {
  const [old, fresh] = [before.map(meanOf), after.map(meanOf)];
  const { mean, low, high } = pairedBootstrap(old, fresh, { resamples: RESAMPLES, seed });
  return { difference: mean, low, high, p: signFlip(old, fresh, { seed }), exact: false };
}
