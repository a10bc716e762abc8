/** Whether a swap changed an answer, by the criterion of its task (the paper's functional localization). */
import { answerIn } from '../answers/answer.js';
import { boxOf, iou } from '../datasets/box.js';
import { numberIn } from '../answers/statedNumber.js';
import { sameNumber } from '../answers/number.js';
import type { ProbeSample } from '../datasets/probeSet.js';

/**
 * - ocr: the text differs; - counting: the number differs; - grounding: the box overlaps the source's true box by more
 *   than the threshold; - recognition: the answer is "no".
 * @param baseline what the model says of the target, untouched.
 * @param answer what it says after the swap.
 */
export function isChanged(
  sample: Pick<ProbeSample, 'task' | 'sourceBox' | 'iouThreshold'>,
  baseline: string,
  answer: string,
): boolean {
  switch (sample.task) {
    case 'ocr':
      return spaced(baseline) !== spaced(answer);
    case 'counting': {
      const [before, after] = [numberIn(baseline), numberIn(answer)];
      if (before === undefined || after === undefined) return before !== after || spaced(baseline) !== spaced(answer);
      return !sameNumber(before, after);
    }
    case 'grounding': {
      const box = boxOf(answerIn(answer));
      return box !== undefined && sample.sourceBox !== undefined && iou(box, sample.sourceBox) > sample.iouThreshold;
    }
    case 'recognition':
      return saysNo(answer);
  }
}

/** Characters from which a text is long: then one that holds the other says the same. */
const LONG = 20;

/**
 * Whether two texts differ, as the paper's scripts have it: in lower case, without marks at the end; of texts of which
 * one is long, neither may hold the other.
 */
export function isOtherText(baseline: string, answer: string): boolean {
  const [before, after] = [plain(baseline), plain(answer)];
  if (before.length < LONG && after.length < LONG) return before !== after;
  return !before.includes(after) && !after.includes(before);
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .trim()
    .replace(/[.,!?;:]+$/, '');
}

/** The answer, or all that was said when it was cut off before an answer. */
function spaced(text: string): string {
  return (answerIn(text) || text.trim()).replace(/\s+/g, ' ');
}

/** By the first yes or no of the answer. */
function saysNo(text: string): boolean {
  return /\b(?:yes|no|not|none|isn't|aren't)\b/i.exec(answerIn(text))?.[0].toLowerCase().startsWith('y') === false;
}
