/** The result of a visual-token swap. */
import type { ProbeSample } from '../../../../datasets/probeSet.js';
import { scaled } from '../../../../grading/boxScale.js';
import { isChanged, isOtherText } from '../../../../grading/change.js';
import { swapRates } from '../../rates.js';
import type { SwapResult } from '../../result.js';
import type { Outcomes, ResultBase } from '../kind.js';
import type { SwapOutcome } from './outcome.js';

export function swapResult(
  { items, of, depths, settings, imageName }: Outcomes<ProbeSample, SwapOutcome>,
  base: ResultBase,
): SwapResult {
  const samples = items.map((sample): SwapResult['samples'][number] => {
    const { source, boxScale, baseline, sourceAnswer, answers } = of(sample.id);
    const judged = { ...sample, sourceBox: sample.sourceBox && scaled(sample.sourceBox, boxScale) };
    return {
      id: sample.id,
      task: sample.task,
      prompt: sample.prompt,
      targetImage: imageName(sample.targetImage),
      sourceImage: imageName(sample.sourceImage),
      source,
      baseline,
      sourceAnswer,
      answers,
      changed: answers.map((answer) =>
        settings.change === 'text' ? isOtherText(baseline, answer) : isChanged(judged, baseline, answer),
      ),
    };
  });
  const change = settings.change === 'text' ? { change: settings.change } : {};
  return { kind: 'swap', ...base, mode: settings.mode, ...change, samples, rates: swapRates(samples, depths) };
}
