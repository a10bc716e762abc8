/** Right or wrong, by the type of answer. */
import { announced, answerIn, normalised } from './answer.js';
import { boxOf, iou } from './box.js';
import { type BoxScale, scaled } from './boxScale.js';
import { numbersIn, type ParsedNumber, sameNumber } from './number.js';
import { sameMathematics } from './mathematics.js';
import type { Question } from './questionSet.js';

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
  switch (answerType) {
    case 'number': {
      const truth = numbersIn(answer).at(-1);
      const given = numberIn(text);
      if (truth === undefined) return normalised(answerIn(text)) === normalised(answer);
      return (
        given !== undefined &&
        sameNumber(precision === undefined ? given : { ...given, value: Number(given.value.toFixed(precision)) }, truth)
      );
    }
    case 'math':
      return sameMathematics(mathematicsIn(text), answer);
    case 'text':
      return sameWords(text, answer);
    case 'choice': {
      const truth = choiceOf(answer, choices);
      const given = choiceIn(text, choices);
      return (given !== undefined && given === truth) || (truth === undefined && sameWords(text, answer));
    }
    case 'box': {
      const [truth, given] = [boxOf(answer), boxOf(answerIn(text))];
      return truth !== undefined && given !== undefined && iou(given, scaled(truth, boxScale)) > RIGHT_IOU;
    }
  }
}

/** The number that a text gives as its answer: the announced one, or else its last. */
export function numberIn(text: string): ParsedNumber | undefined {
  const answer = answerIn(text);
  const [said] = numbersIn(announced(answer) ?? '');
  return said ?? numbersIn(answer).at(-1);
}

/** The announced answer, or else the last formula that the text sets apart, or else all of the answer. */
function mathematicsIn(text: string): string {
  const answer = answerIn(text);
  const said = announced(answer) ?? answer;
  return [...said.matchAll(/\$([^$]+)\$/g)].at(-1)?.[1] ?? said.split('\n').at(-1)!;
}

function sameWords(text: string, answer: string): boolean {
  const given = answerIn(text);
  const truth = normalised(answer);
  return normalised(given) === truth || normalised(announced(given) ?? given) === truth;
}

/** The index of a choice given by its letter or its words, or the letter's place where the choices are unknown. */
function choiceOf(given: string, choices: readonly string[] | undefined): number | undefined {
  const words = normalised(given);
  if (words === '') return undefined;
  const same = choices?.findIndex((choice) => normalised(choice) === words) ?? -1;
  if (same !== -1) return same;
  const letter = /^([a-z])$/.exec(words)?.[1] ?? /^\(?([a-z])\s*[).:]/.exec(given.trim().toLowerCase())?.[1];
  return letter === undefined ? undefined : inRange(letter.charCodeAt(0) - 97, choices);
}

function choiceIn(text: string, choices: readonly string[] | undefined): number | undefined {
  const answer = answerIn(text);
  const said = announced(answer);
  for (const candidate of said === undefined ? [answer] : [said, answer]) {
    const direct = choiceOf(candidate, choices);
    if (direct !== undefined) return direct;
  }
  // Capital letters that stand alone ("I choose B"), but not the article or the pronoun at the start of a sentence.
  const article = /(?:^|\s)A [a-z]/.test(answer);
  const letters = [...answer.matchAll(/(?<![\w'])\(?([A-Z])\)?(?![\w'])/g)]
    .map((match) => match[1]!)
    .filter((letter) => letter !== 'I' && !(letter === 'A' && article));
  const last = letters.at(-1);
  if (last !== undefined) return inRange(last.charCodeAt(0) - 65, choices);
  // The only choice that the answer mentions.
  const words = ` ${normalised(answer).replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  const mentioned = (choices ?? []).flatMap((choice, index) =>
    words.includes(` ${normalised(choice).replace(/[^\p{L}\p{N}]+/gu, ' ')} `) ? [index] : [],
  );
  return mentioned.length === 1 ? mentioned[0] : undefined;
}

function inRange(index: number, choices: readonly string[] | undefined): number | undefined {
  return choices === undefined || index < choices.length ? index : undefined;
}
