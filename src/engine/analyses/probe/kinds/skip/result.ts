/** The result of a layer skip. */
import type { Question } from '../../../../datasets/question.js';
import { boxScales } from '../../../../grading/boxScale.js';
import { isRight } from '../../../../grading/grade.js';
import { skipErrors } from '../../rates.js';
import type { SkipResult } from '../../result.js';
import type { Outcomes, ResultBase } from '../kind.js';
import type { SkipOutcome } from './outcome.js';

/** @throws what reading images for their boxes throws */
export async function skipResult(
  { items, of, checkpoints, depths, settings, pixels, signal }: Outcomes<Question, SkipOutcome>,
  base: ResultBase,
): Promise<SkipResult> {
  const [scales] = await boxScales(checkpoints, items, signal, pixels);
  const samples = items.map((question): SkipResult['samples'][number] => {
    const { baseline, answers } = of(question.id);
    const right = (answer: string) => isRight(answer, question, scales!.get(question.images[0] ?? ''));
    return {
      id: question.id,
      prompt: question.prompt,
      truth: question.answer,
      baseline,
      baselineCorrect: right(baseline),
      answers,
      correct: answers.map(right),
    };
  });
  return {
    kind: 'skip',
    ...base,
    part: settings.part,
    ...(settings.experts && { experts: settings.experts }),
    samples,
    ...skipErrors(samples, depths),
  };
}
