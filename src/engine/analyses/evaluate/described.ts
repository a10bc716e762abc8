/** Questions as results describe them. */
import path from 'node:path';
import type { Question } from '../../datasets/question.js';
import type { EvaluatedQuestion } from './result.js';

/** A question as results have it, without answers. @param folder that images are named from */
export function describedQuestion(
  id: string,
  { task, prompt, answer, answerType, choices, precision, images, description, variantOf }: Question,
  folder: string,
): EvaluatedQuestion {
  const names = images.map((image) => path.relative(folder, image).replaceAll(path.sep, '/'));
  return {
    id,
    set: id.slice(0, id.indexOf('/')),
    task: task ?? null,
    prompt,
    truth: answer,
    answerType,
    // What judging needs beside the truth: stored answers are judged again without the set.
    ...(answerType === 'choice' && { choices: choices === undefined ? null : [...choices] }),
    ...(answerType === 'number' && { precision: precision ?? null }),
    image: names[0] ?? null,
    ...(names.length > 1 ? { images: names } : {}),
    description: description ?? null,
    ...(variantOf === undefined ? {} : { variantOf }),
    answers: {},
    right: {},
    counts: {},
  };
}
