/** How an answer is judged. */
import { LineError } from './lineError.js';

/** `math`: a formula, compared by what it means. */
export type AnswerType = 'number' | 'text' | 'choice' | 'box' | 'math';

export const ANSWER_TYPES: readonly AnswerType[] = ['number', 'text', 'choice', 'box', 'math'];

/** @throws LineError */
export function answerTypeOf(name: string): AnswerType {
  const type = ANSWER_TYPES.find((known) => known === name.trim().toLowerCase());
  if (type === undefined)
    throw new LineError(`has the answer type "${name.slice(0, 60)}"; there are ${ANSWER_TYPES.join(', ')}.`);
  return type;
}
