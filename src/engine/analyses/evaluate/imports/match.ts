/** The questions of imported answers: those of a set, matched by id and text, or those that the files say. */
import path from 'node:path';
import { quoted, shown, thousands } from '../../../checkpoint/failure.js';
import type { Question } from '../../../datasets/question.js';
import { FrankensteinError } from '../../../errors.js';
import type { QuestionSets } from '../sets.js';
import { isAbout } from './question.js';
import type { ImportedAnswer } from './lines.js';

/** A file's answers with their lines, from 1. */
export interface ImportedFile {
  file: string;
  checkpoint: number;
  set: string;
  sha256: string;
  answers: { line: number; answer: ImportedAnswer }[];
}

export interface Matched {
  answer: ImportedAnswer;
  question: Question;
}

/** As the line says it. */
export function ownQuestion({ id, question }: ImportedAnswer): Question {
  return { ...question, id, images: [], description: undefined, task: undefined };
}

/**
 * Every answer with its question in that set of `sets` which has them all.
 * @throws `mismatch` naming the first line that is about no question of the set that fits best
 */
export function matchedIn(
  { file, answers }: ImportedFile,
  { sets, data }: QuestionSets,
): { set: string; all: Matched[] } {
  let best: { found: number; line: number; what: string } | undefined;
  for (const { name, questions } of sets) {
    const byId = new Map(questions.map((question) => [question.id, question]));
    const all: Matched[] = [];
    for (const { answer, line } of answers) {
      const question = questionOf(answer, questions, byId);
      if (question === undefined) {
        if (best === undefined || all.length > best.found)
          best = { found: all.length, line, what: answer.question.prompt || answer.id };
        break;
      }
      all.push({ answer, question });
    }
    if (all.length === answers.length) return { set: name, all };
  }
  throw new FrankensteinError(
    'mismatch',
    `${shown(path.basename(file))} line ${thousands(best!.line)} answers ${quoted(best!.what.trim().slice(0, 80))}, which ` +
      `is not that question of ${shown(data)}: the answers are to another set, or to another version of it.`,
  );
}

function questionOf(
  answer: ImportedAnswer,
  questions: readonly Question[],
  byId: ReadonlyMap<string, Question>,
): Question | undefined {
  const named = byId.get(answer.id) ?? (answer.row === undefined ? undefined : questions[answer.row]);
  if (named !== undefined && isAbout(answer, named)) return named;
  // Files count rows, and sets name questions: a row of that number may be another one.
  const isCounted = answer.row !== undefined && answer.id === String(answer.row);
  if (isCounted && answer.row !== undefined && questions[answer.row] !== undefined) {
    const counted = questions[answer.row]!;
    return isAbout(answer, counted) ? counted : undefined;
  }
  return undefined;
}
