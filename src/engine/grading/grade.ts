/** Right or wrong, by the type of answer. */
import { announced, answerIn, FORMULA, givenAnswer, normalised, undenied, unmarked } from '../answers/answer.js';
import { boxOf, iou } from '../datasets/box.js';
import { type BoxScale, scaled } from './boxScale.js';
import { choiceIn, severalIn, trueChoice } from '../answers/choice.js';
import { numberOfFormula, sameMathematics } from '../answers/mathematics.js';
import { numbersIn, sameNumber } from '../answers/number.js';
import type { Question } from '../datasets/question.js';
import { numberIn } from '../answers/statedNumber.js';

/** Changes whenever a stored answer may be judged otherwise; results of other rules are not mixed with new ones. */
export const GRADING_VERSION = 4;

/** Overlap from which a box is right. */
const RIGHT_IOU = 0.5;

/**
 * @param text what the model said, thinking and all.
 * @param boxScale what a pixel of the truth's box is in the coordinates of the model's boxes.
 */
export function isRight(
  text: string,
  question: Pick<Question, 'answer' | 'answerType' | 'choices'> & { precision?: Question['precision'] },
  boxScale: BoxScale = [1, 1],
): boolean {
  const { answer, answerType, choices, precision } = question;
  if (answerIn(text) === '') return false;
  switch (answerType) {
    case 'number': {
      const truth = numberOfFormula(answer) ?? numbersIn(answer).at(-1);
      const given = numberIn(text);
      if (truth === undefined) return normalised(answerIn(text)) === normalised(answer);
      return (
        given !== undefined &&
        sameNumber(precision === undefined ? given : { ...given, value: Number(given.value.toFixed(precision)) }, truth)
      );
    }
    case 'math':
      return mathematicsIn(text).some((given) => sameMathematics(given, answer));
    case 'text':
      return sameWords(text, answer);
    case 'choice': {
      const truth = trueChoice(answer, choices);
      const several = truth === undefined ? severalIn(answer, choices) : undefined;
      if (several !== undefined) return severalIn(text, choices) === several;
      const given = choiceIn(text, choices);
      return (given !== undefined && given === truth) || (truth === undefined && sameWords(text, answer));
    }
    case 'box': {
      const [truth, given] = [boxOf(answer), boxOf(answerIn(text))];
      return truth !== undefined && given !== undefined && iou(given, scaled(truth, boxScale)) > RIGHT_IOU;
    }
  }
}

/** Formulas that belong together: "$1$ and $2$". */
const JOINED = /^\s*(?:,|,?\s*(?:and|or))\s*$/;

/**
 * The formula that a text gives: all of a tag or box; what the announcement begins with; or else the last formula that
 * the text sets apart, or its last line.
 */
function mathematicsIn(text: string): string[] {
  const { text: answer, marked } = givenAnswer(text);
  if (marked === 'box') return [answer];
  const said = announced(answer);
  const where = undenied(said ?? unmarked(answer));
  const formulas = [...where.matchAll(FORMULA)];
  if (formulas.length === 0) {
    const line = where.trim().split('\n').at(-1)!;
    // "Therefore the area is 12."
    if (said === undefined) return [line, line.split(/\b(?:is|are|equals|but)\s/).at(-1)!];
    // A sentence behind the answer is none of it.
    return [line, line.split(/\.\s|,?\s+(?:since|because|when|where|as)\s/)[0]!];
  }
  const inside = (match: RegExpMatchArray) => match.slice(1).find((group) => group !== undefined)!;
  const begin = said === undefined ? formulas.length - 1 : 0;
  const step = said === undefined ? -1 : 1;
  const together = [inside(formulas[begin]!)];
  for (let at = begin; formulas[at + step] !== undefined; at += step) {
    const [first, second] = step > 0 ? [formulas[at]!, formulas[at + 1]!] : [formulas[at - 1]!, formulas[at]!];
    if (!JOINED.test(where.slice(first.index + first[0].length, second.index))) break;
    if (step > 0) together.push(inside(second));
    else together.unshift(inside(first));
  }
  return [together.join(', ')];
}

function sameWords(text: string, answer: string): boolean {
  const given = answerIn(text);
  const truth = normalised(answer);
  return normalised(unmarked(given)) === truth || normalised(announced(given) ?? given) === truth;
}
