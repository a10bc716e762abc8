/** Answers that were given elsewhere, as an evaluation: judged, measured and compared as if they had been asked here. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { shown, thousands } from '../../checkpoint/failure.js';
import { hashOf } from '../../datasets/dataFiles.js';
import { readJsonl } from '../../datasets/jsonl.js';
import type { Question } from '../../datasets/question.js';
import { FrankensteinError } from '../../errors.js';
import { GRADING_VERSION, isRight } from '../../grading/grade.js';
import { groupedBy } from '../../numerics/groupedBy.js';
import { BASE_BYTES } from '../../models/plan.js';
import { drive } from '../../runs/drive.js';
import type { Provenance } from '../../runs/provenance.js';
import { identityOf } from '../declare/identity.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { setUpProtocol } from '../protocol.js';
import { describedQuestion } from './described.js';
import { checkpointWithoutFiles } from './fileless.js';
import { figuresOf } from './figures.js';
import { type ImportedAnswer, readLine } from './imports/lines.js';
import { type ImportedFile, type Matched, matchedIn, ownQuestion } from './imports/match.js';
import { agreementsOf, answersHash, type Given, type SecondOpinion, settle } from './judging.js';
import {
  type AbilityName,
  type EvaluatePlan,
  type EvaluateProgress,
  evaluateRequest,
  type ParsedEvaluation,
} from './request.js';
import { type EvaluatedQuestion, type EvaluatedSet, type EvaluateResult, type Setting, SETTINGS } from './result.js';
import { evaluateResult } from './schema.js';
import { type QuestionSets, readSets } from './sets.js';

interface Import {
  files: ImportedFile[];
  sets: EvaluatedSet[];
  /** By `set/id`. */
  questions: Map<string, Question>;
  givens: Given[];
  /** What the files say of an answer, where they all do. */
  second: SecondOpinion | undefined;
  /** Answers to each question. */
  answers: number;
  data: QuestionSets | undefined;
  warnings: string[];
}

/** Answers to one question in one setting, per checkpoint. */
interface Row {
  question: Question;
  setting: Setting;
  by: (ImportedAnswer | undefined)[];
}

/** @throws what reading throws; `mismatch` for answers to other questions, `bad-request` for files without a common one */
async function readImport(
  request: ParsedEvaluation,
  { signal, progress }: CallContext<EvaluateProgress>,
): Promise<Import> {
  const { imported, checkpoints } = request;
  const { format, isMatched } = imported!;
  const files: ImportedFile[] = [];
  for (const { file, checkpoint, set } of imported!.files) {
    progress?.({ phase: `Reading ${path.basename(file)}`, done: 0, total: 0, remainingSeconds: null });
    const { items } = await readJsonl(file, (object, line) => ({ line, answer: readLine(object, format) }), { signal });
    files.push({ file, checkpoint, set, sha256: await hashOf(file), answers: items });
  }
  const data = isMatched ? await readSets(request, await setUpProtocol(request, [], signal), signal) : undefined;
  const rows = new Map<string, Map<string, Row>>();
  for (const file of files) {
    const { set, all } = data === undefined ? itself(file) : matchedIn(file, data);
    const own = rows.get(set) ?? new Map<string, Row>();
    rows.set(set, own);
    for (const { answer, question } of all) {
      const setting =
        answer.setting ?? ((data === undefined ? answer.hasImage : question.images.length > 0) ? 'image' : 'text');
      const key = JSON.stringify([question.id, setting]);
      const row = own.get(key) ?? { question, setting, by: checkpoints.map(() => undefined) };
      own.set(key, row);
      // Scripts that continue append: the last answer is the one that counted.
      row.by[file.checkpoint] = answer;
    }
  }
  return assembled(files, rows, checkpoints.length, data);
}

function itself({ set, answers }: ImportedFile): { set: string; all: Matched[] } {
  return { set, all: answers.map(({ answer }) => ({ answer, question: ownQuestion(answer) })) };
}

function assembled(
  files: ImportedFile[],
  rows: ReadonlyMap<string, ReadonlyMap<string, Row>>,
  checkpoints: number,
  data: QuestionSets | undefined,
): Import {
  const warnings = data === undefined ? [] : [...data.warnings];
  const all = [...rows].map(([name, own]) => ({ name, ...wholeRows([...own.values()]) }));
  for (const { name, left } of all)
    if (left > 0)
      warnings.push(
        `${shown(name)}: ${thousands(left)} ${left === 1 ? 'question has' : 'questions have'} no answer of every ` +
          'checkpoint in every setting, and are left out.',
      );
  const used = all.filter(({ whole }) => whole.length > 0);
  if (used.length === 0)
    throw new FrankensteinError('bad-request', 'The files have no question in common that every model answered.');
  const answers = Math.min(
    ...used.flatMap(({ whole }) => whole.flatMap(({ by }) => by.map((one) => one!.texts.length))),
  );
  const questions = new Map<string, Question>();
  const verdicts = new Map<string, boolean>();
  const givens = used.flatMap(({ name, whole }) =>
    whole.map(({ question, setting, by }): Given => {
      const id = `${name}/${question.id}`;
      questions.set(id, question);
      const texts = by.map((one) => one!.texts.slice(0, answers));
      for (const [checkpoint, one] of by.entries())
        if (one!.verdict !== undefined) verdicts.set(JSON.stringify([id, setting, checkpoint]), one!.verdict);
      return { id, setting, question, texts, byRules: texts.map((own) => own.map((text) => isRight(text, question))) };
    }),
  );
  const judged = verdicts.size === givens.length * checkpoints && answers === 1;
  return {
    files,
    sets: used.map(({ name, whole }) => ({
      name,
      questions: new Set(whole.map(({ question }) => question.id)).size,
      abilities: abilitiesOf(whole, files[0]!),
    })),
    questions,
    givens,
    second: judged
      ? ({ id, setting }, checkpoint) => verdicts.get(JSON.stringify([id, setting, checkpoint]))
      : undefined,
    answers,
    data,
    warnings,
  };
}

/** Those of questions that every checkpoint answered in every setting of the set, and how many others there are. */
function wholeRows(rows: readonly Row[]): { whole: Row[]; left: number } {
  const settings = new Set(rows.map(({ setting }) => setting));
  const groups = [...groupedBy(rows, ({ question }) => question.id).values()];
  const isWhole = (group: readonly Row[]) =>
    group.length === settings.size && group.every(({ by }) => by.every((one) => one !== undefined));
  const whole = groups.filter(isWhole).flat();
  return { whole, left: groups.filter((group) => !isWhole(group)).length };
}

/** By the settings; where only one tells nothing of images, plain accuracy. */
function abilitiesOf(rows: readonly Row[], { answers: [first] }: ImportedFile): AbilityName[] {
  const has = new Set(rows.map(({ setting }) => setting));
  if (has.has('image') && has.has('black')) return has.has('described') ? ['vis', 'v2r'] : ['vis'];
  if (has.has('image') && has.has('described')) return ['v2r'];
  return has.has('text') && first!.answer.setting !== undefined ? ['rea'] : ['accuracy'];
}

/** @throws as `readImport` */
export async function importAnswers(
  request: ParsedEvaluation,
  context: CallContext<EvaluateProgress> = {},
): Promise<EvaluateResult> {
  const startedAt = new Date();
  const read = await readImport(request, context);
  const labels = request.checkpoints.map(({ label, path: location }) => label ?? path.basename(location));
  const data = read.data?.data ?? path.resolve(request.data);
  const dataFingerprint =
    read.data?.fingerprint ??
    createHash('sha256')
      .update(read.files.map(({ sha256, set }) => `${set} ${sha256}\n`).join(''))
      .digest('hex');
  const checkpoints = request.checkpoints.map(({ path: location, role }, index) => ({
    label: labels[index]!,
    path: location,
    recipe: null,
    role: role ?? null,
    family: 'imported',
    fingerprint: createHash('sha256')
      .update(read.files.flatMap(({ checkpoint, sha256 }) => (checkpoint === index ? [sha256] : [])).join())
      .digest('hex'),
  }));
  const about = { checkpoints, data, dataFingerprint };
  return drive<EvaluateResult, undefined>(
    {
      runsFolder: request.runsFolder,
      identity: identityOf(
        evaluateRequest,
        request,
        {
          kind: request.kind,
          imported: request.imported!.format,
          answers: answersHash(read.givens),
          dataFingerprint,
          grading: GRADING_VERSION,
          roles: checkpoints.map(({ role }) => role),
        },
        COVERED,
      ),
      says: { labels, warnings: read.warnings },
      request: () => ({
        kind: request.kind,
        labels,
        fingerprints: checkpoints.map(({ fingerprint }) => fingerprint),
        data,
        dataFingerprint,
        question: questionOf(evaluateRequest, request, labels),
        tasks: 0,
      }),
      checkpoints: checkpoints.map(checkpointWithoutFiles),
      startedAt,
      isResult: guardOf(evaluateResult),
    },
    () => Promise.resolve(undefined),
    (_, origin) => resultOf(request, read, about, origin),
  );
}

/** All: the facts say what the answers are, and to what. */
const COVERED = Object.keys(evaluateRequest.entries) as (keyof typeof evaluateRequest.entries)[];

function resultOf(
  request: ParsedEvaluation,
  { files, sets, questions: asked, givens, second, answers, data: matched, warnings }: Import,
  about: Pick<EvaluateResult, 'checkpoints' | 'data' | 'dataFingerprint'>,
  origin: Provenance,
): EvaluateResult {
  const byId = new Map<string, EvaluatedQuestion>();
  for (const given of [...givens].sort((a, b) => SETTINGS.indexOf(a.setting) - SETTINGS.indexOf(b.setting))) {
    const own = byId.get(given.id) ?? describedQuestion(given.id, asked.get(given.id)!, matched?.folder ?? about.data);
    byId.set(given.id, own);
    settle(own, given, second);
  }
  const questions = [...byId.values()];
  const { format, isMatched } = request.imported!;
  return {
    schema: 1,
    kind: request.kind,
    ...about,
    sets,
    // Not known: the files do not say it.
    maxNewTokens: 0,
    seed: request.seed,
    grading: GRADING_VERSION,
    grader: second === undefined ? null : 'the verdicts of the files',
    ...(second && { graderScope: 'all' as const, agreement: agreementsOf(givens, second, about.checkpoints.length) }),
    imported: {
      format,
      isMatched,
      files: files.map(({ answers: own, ...file }) => ({ ...file, answers: own.length })),
    },
    describer: null,
    questions,
    ...figuresOf(questions, {
      sets,
      roles: about.checkpoints.map(({ role }) => role),
      answers,
      seed: request.seed,
    }),
    axis: null,
    warnings,
    provenance: origin,
  };
}

/** Everything is there already. */
export async function planImported(
  request: ParsedEvaluation,
  context: CallContext<EvaluateProgress> = {},
): Promise<EvaluatePlan> {
  const { givens, sets, answers } = await readImport(request, context);
  const generations = givens.length * request.checkpoints.length * answers;
  return {
    questions: sets.reduce((sum, { questions }) => sum + questions, 0),
    generations,
    cached: generations,
    memory: BASE_BYTES,
    seconds: 0,
    basis: 'measured',
  };
}
