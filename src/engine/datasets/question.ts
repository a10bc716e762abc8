/** A question with an answer that can be checked. */
import { shown } from '../checkpoint/failure.js';
import { givenAnswer } from '../answers/answer.js';
import { severalIn, trueChoice } from '../answers/choice.js';
import type { AnswerType } from './answerType.js';
import { LineError } from './lineError.js';

export interface Question {
  id: string;
  /** May hold `<image>` where an image goes. */
  prompt: string;
  /** The truth; a box as `[x1, y1, x2, y2]`. */
  answer: string;
  answerType: AnswerType;
  /** What there is to choose from; undefined when the choices are in the prompt. */
  choices: readonly string[] | undefined;
  /** Decimals to which a number is rounded before it is compared. */
  precision?: number | undefined;
  /**
   * In the order of their places in the prompt: absolute paths, or names of images in a Parquet file (`parquet/image`).
   */
  images: readonly string[];
  /** The images in words. */
  description: string | undefined;
  task: string | undefined;
  /** Of a question with variants: what they are variants of. */
  variantOf?: string | undefined;
}

/** Boxes are in pixels of one image. @throws LineError */
export function checkBox(type: AnswerType, images: readonly string[]): void {
  if (type === 'box' && images.length > 1)
    throw new LineError(`has the answer type "box" and ${images.length} images: which one the box is in is not said.`);
}

/** A truth that no answer can match is a mistake of the set. @throws LineError */
export function checkChoice({
  answer,
  answerType,
  choices,
}: Pick<Question, 'answer' | 'answerType' | 'choices'>): void {
  if (answerType !== 'choice' || choices === undefined) return;
  if (trueChoice(answer, choices) === undefined && severalIn(answer, choices) === undefined)
    throw new LineError(
      `has the answer "${shown(answer.slice(0, 60))}", which is none of its ${choices.length} ` +
        'choices: give a letter, letters (A, C), or the words of one.',
    );
}

/** Letters with their options, `{"A": "3", "B": "4"}`, as a list. @throws LineError */
export function optionsOf(value: object, key: string): string[] {
  const entries = Object.entries(value).filter(([, option]) => option !== null && option !== '');
  if (entries.length === 0 || entries.some(([letter], index) => letter !== String.fromCharCode(65 + index)))
    throw new LineError(`has "${key}" whose names are not A, B, C and so on.`);
  return entries.map(([, option]) => String(option));
}

/** The truth within `<answer>…</answer>` or `\boxed{…}`, as sets for training with rewards write it. */
export function truthOf(answer: string): string {
  const { text: inside, marked } = givenAnswer(answer);
  return marked !== undefined && inside !== '' ? inside : answer;
}
