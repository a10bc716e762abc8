/** Every figure of an evaluation, from its judged questions. */
import type { Role } from './request.js';
import type { EvaluatedQuestion, EvaluatedSet, EvaluateResult } from './result.js';
import { passesOf } from './sampled.js';
import { accuraciesOf, comparisonsOf, countsOf, scoresOf } from './scores.js';
import { variantsOf } from './variants.js';

export interface FigureFacts {
  sets: readonly EvaluatedSet[];
  /** Per checkpoint. */
  roles: readonly (Role | null)[];
  /** To each question, in each setting. */
  answers: number;
  seed: number;
}

/** Says in `questions` what counts for which ability, and measures. */
export function figuresOf(
  questions: readonly EvaluatedQuestion[],
  { sets, roles, answers, seed }: FigureFacts,
): Pick<EvaluateResult, 'scores' | 'accuracies' | 'comparisons' | 'passes' | 'variants'> {
  const abilities = new Map(sets.map((set) => [set.name, set.abilities]));
  for (const question of questions) question.counts = countsOf(question.right, abilities.get(question.set)!);
  const { length } = roles;
  const variants = variantsOf(questions, length, seed);
  return {
    scores: scoresOf(questions, length, seed),
    accuracies: accuraciesOf(
      questions,
      sets.map(({ name }) => name),
      length,
      seed,
    ),
    comparisons: length > 1 ? comparisonsOf(questions, roles, seed) : [],
    ...(answers > 1 && { passes: passesOf(questions, length, answers, seed) }),
    ...(variants.length > 0 && { variants }),
  };
}
