/** Whether an answer has the form that reasoners are trained to give. */
import { givenAnswer } from '../answers/answer.js';

/** It stands in `<answer>…</answer>`, in `\boxed{…}` or as JSON's "answer". @param text what the model said */
export function isFormatted(text: string): boolean {
  const { text: answer, marked } = givenAnswer(text);
  return marked !== undefined && answer !== '';
}
