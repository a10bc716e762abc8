/** Samples of the probes that ask questions. */
import { shown, thousands } from '../../../checkpoint/failure.js';
import type { Question } from '../../../datasets/question.js';
import { readQuestionSet } from '../../../datasets/questionSet.js';
import { FrankensteinError } from '../../../errors.js';
import { chosen } from '../../../datasets/choose.js';
import { choiceIn, readSampleFiles } from '../data.js';
import type { ReadSamplesOptions, SampleSet } from './kind.js';

/** @param usable questions that can be asked; the others are left out with a warning. */
export async function readQuestions(
  data: string,
  { choosing, idsFile, tasks, ...options }: ReadSamplesOptions,
  usable: (question: Question) => boolean,
): Promise<SampleSet<Question>> {
  if (tasks !== undefined) throw new FrankensteinError('bad-request', 'Tasks are chosen for the swap probe only.');
  const { items: all, fingerprint, warnings } = await readSampleFiles(data, readQuestionSet, options);
  const items = all.filter(usable);
  if (items.length === 0)
    throw new FrankensteinError(
      'bad-request',
      `${shown(data)} has no question with an image, and attention to visual tokens needs one.`,
    );
  const left = all.length - items.length;
  if (left > 0)
    warnings.push(
      `${thousands(left)} ${left === 1 ? 'question has' : 'questions have'} no image and ` +
        `${left === 1 ? 'was' : 'were'} left out.`,
    );
  return { items: choiceIn(items, (own, of) => chosen(own, of), { choosing, idsFile, data }), fingerprint, warnings };
}
