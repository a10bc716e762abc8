/** The question sets of an evaluation, and how each question is put. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, shown, thousands } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { hashOf } from '../../datasets/dataFiles.js';
import { linesLeftOut } from '../../datasets/leftOut.js';
import { readQuestionSet } from '../../datasets/questionSet.js';
import { type Question } from '../../datasets/question.js';
import type { AbilityName, ParsedEvaluation } from './request.js';
import { ABILITIES, type Setting } from './result.js';
import { checkAllFound, chosen, idsIn } from '../../datasets/choose.js';
import type { ProtocolSetup } from '../protocol.js';

export interface QuestionSet {
  /** File name. */
  name: string;
  questions: Question[];
  abilities: AbilityName[];
}

export interface QuestionSets {
  /** File or folder, absolute. */
  data: string;
  /** Images are named from here in results. */
  folder: string;
  sets: QuestionSet[];
  /** SHA-256 over names and contents, hex. */
  fingerprint: string;
  /** What was left out, in sentences. */
  warnings: string[];
}

const READ = /\.(?:jsonl|parquet)$/;

/** @throws `not-found`, `bad-request` for set names that are not there, and as `readQuestionSet`. */
export async function readSets(
  request: Pick<ParsedEvaluation, 'data' | 'sets' | 'ids' | 'badLines'>,
  { reading, choosing }: Pick<ProtocolSetup, 'reading' | 'choosing'>,
  signal: AbortSignal | undefined,
): Promise<QuestionSets> {
  const data = path.resolve(request.data);
  const { badLines } = request;
  const named = new Set<string>();
  const facts = await stat(data).catch((error: unknown) => Promise.reject(fileError(error, data)));
  const folder = facts.isDirectory() ? data : path.dirname(data);
  const names = facts.isDirectory()
    ? (await readdir(data)).filter((name) => READ.test(name)).sort()
    : [path.basename(data)];
  if (names.length === 0) throw new FrankensteinError('not-found', `${shown(data)} holds no .jsonl or .parquet file.`);
  const stray = Object.values(request.sets ?? {}).flatMap(
    (own) => own?.filter((name) => !names.includes(name)) ?? [],
  )[0];
  if (stray !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `${shown(data)} has no set "${shown(stray)}"; there are ${names.map(shown).join(', ')}.`,
    );
  const sets: QuestionSet[] = [];
  const warnings: string[] = [];
  const hash = createHash('sha256');
  for (const name of names) {
    const file = path.join(folder, name);
    const { items, badLines: bad } = await readQuestionSet(file, { badLines, ...reading, signal });
    warnings.push(
      ...linesLeftOut(bad.map(({ line, why }) => `line ${thousands(line)} ${why}`)).map(
        (sentence) => `${shown(name)}: ${sentence}`,
      ),
    );
    hash.update(`${name}\0${await hashOf(file)}\n`);
    const ids = choosing.ids && idsIn(name, items, choosing.ids);
    for (const id of ids?.keys() ?? []) named.add(id);
    const questions = chosen(items, ids === undefined ? choosing : { ...choosing, ids: [...ids.values()] });
    if (questions.length > 0) sets.push({ name, questions, abilities: [] });
  }
  if (choosing.ids !== undefined) checkAllFound(request.ids!, data, choosing.ids, named);
  for (const set of sets) set.abilities = abilitiesOf(set, sets, request.sets);
  return { data, folder, sets, fingerprint: hash.digest('hex'), warnings };
}

/** Names that say that a set asks for reckoning with what is seen. */
const MATHEMATICAL = /math|geo|reason|chart|logic/i;

/**
 * What is measured on a set. As the method does it, plain questions about images show vision, mathematical ones show
 * vision-to-reasoning (they need a description), and text alone shows reasoning. Where only one kind of image set is
 * there, it serves for both.
 */
export function abilitiesOf(
  set: QuestionSet,
  sets: readonly QuestionSet[],
  given: ParsedEvaluation['sets'],
): AbilityName[] {
  if (given !== undefined) return ABILITIES.filter((ability) => given[ability]?.includes(set.name));
  if (!hasImages(set)) return ['rea'];
  const described = set.questions.some(({ description }) => description !== undefined);
  const others = sets.filter((other) => other !== set && hasImages(other));
  const mathematical = described && MATHEMATICAL.test(set.name);
  if (mathematical) return others.some((other) => !MATHEMATICAL.test(other.name)) ? ['v2r'] : ['vis', 'v2r'];
  const elsewhere = others.some(
    (other) => MATHEMATICAL.test(other.name) && other.questions.some(({ description }) => description !== undefined),
  );
  return described && !elsewhere ? ['vis', 'v2r'] : ['vis'];
}

function hasImages({ questions }: QuestionSet): boolean {
  return questions.some(({ images }) => images.length > 0);
}

/** The settings that the abilities of its set need. */
export function settingsOf(question: Question, abilities: readonly AbilityName[]): Setting[] {
  if (question.images.length === 0) return ['text'];
  const settings: Setting[] = ['image'];
  if (abilities.includes('vis')) settings.push('black');
  if (abilities.includes('v2r') && question.description !== undefined) settings.push('described');
  return settings;
}
