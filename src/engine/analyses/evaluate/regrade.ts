/**
 * Answers of a run judged again: by the rules of this version, by their form, or by another judge. Nothing is asked.
 */
import type { CallContext, EngineHost } from '../../calls.js';
import { groupedBy } from '../../numerics/groupedBy.js';
import { isFormatted } from '../../grading/format.js';
import { GRADING_VERSION, isRight } from '../../grading/grade.js';
import { languageModelOf } from '../../grading/languageModel.js';
import { BASE_BYTES } from '../../models/plan.js';
import { drive } from '../../runs/drive.js';
import type { Provenance } from '../../runs/provenance.js';
import { identityOf } from '../declare/identity.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { checkpointWithoutFiles } from './fileless.js';
import { figuresOf } from './figures.js';
import { rightOf, settingsIn, textsOf } from './givenAnswers.js';
import {
  addressOf,
  agreementsOf,
  answersHash,
  contestedIn,
  type Given,
  markOf,
  opinionOf,
  type SecondOpinion,
  settle,
} from './judging.js';
import { type EvaluatePlan, type EvaluateProgress, evaluateRequest, type ParsedEvaluation } from './request.js';
import type { EvaluatedQuestion, EvaluateResult, Regrade } from './result.js';
import { evaluateResult } from './schema.js';
import { judgeablesOf, storedEvaluation } from './stored.js';
import { judgeName, oneJudge, verdictsIn } from './verdicts.js';

const BOXES =
  'Verdicts on boxes are those of the run whose answers were judged again: the images that they were measured ' +
  'on may be gone.';

/** Of what a regraded run is made. */
interface Source {
  result: EvaluateResult;
  givens: Given[];
}

async function sourceOf(
  { regrade }: ParsedEvaluation,
  { signal, progress }: CallContext<EvaluateProgress>,
): Promise<Source> {
  const { runsFolder, runId, rules } = regrade!;
  progress?.({ phase: 'Reading answers', done: 0, total: 0, remainingSeconds: null });
  const result = await storedEvaluation(runsFolder, runId);
  const judgeables = await judgeablesOf(result, runsFolder, signal);
  const givens = result.questions.flatMap((own) =>
    settingsIn(own).map((setting): Given => {
      const question = judgeables.get(own.id)!;
      const texts = textsOf(own, setting);
      const before = rightOf(own, setting);
      const byRules = texts.map((answers, checkpoint) =>
        answers.map((text, answer) =>
          question.answerType === 'box'
            ? before[checkpoint]![answer]!
            : isRight(text, question) && (rules === 'task' || isFormatted(text)),
        ),
      );
      return { id: own.id, setting, question, texts, byRules };
    }),
  );
  return { result, givens };
}

/**
 * @throws `not-found` for a run that is no finished evaluation, `mismatch`, `bad-request` for two judges or a file of
 * verdicts on other answers, and what reading and the grader throw
 */
export async function regrade(
  request: ParsedEvaluation,
  host: EngineHost | undefined,
  context: CallContext<EvaluateProgress> = {},
): Promise<EvaluateResult> {
  const startedAt = new Date();
  const { runsFolder, graderScope, regrade: asked } = request;
  const { verdicts: file, rules } = asked!;
  oneJudge(request.grader !== undefined, file, rules);
  const grader = request.grader && (await languageModelOf(request.grader, host));
  const source = await sourceOf(request, context);
  const { result, givens } = source;
  const labels = result.checkpoints.map(({ label }) => label);
  const read = file === undefined ? undefined : await verdictsIn(file, givens, labels, context.signal);
  const checkpoints = result.checkpoints.map(checkpointWithoutFiles);
  const facts = {
    kind: result.kind,
    regrade: asked!.runId,
    answers: answersHash(givens),
    grading: GRADING_VERSION,
    rules,
    grader: request.grader === undefined ? null : addressOf(request.grader),
    verdicts: read?.facts.sha256 ?? null,
  };
  return drive<EvaluateResult, undefined>(
    {
      runsFolder,
      identity: identityOf(evaluateRequest, request, facts, COVERED),
      // A language model that gave no verdict is asked again.
      says: grader === undefined ? { labels, before: result.provenance.finishedAt } : undefined,
      request: () => ({
        kind: result.kind,
        labels,
        fingerprints: result.checkpoints.map(({ fingerprint }) => fingerprint),
        data: result.data,
        dataFingerprint: result.dataFingerprint,
        maxNewTokens: result.maxNewTokens,
        question: questionOf(evaluateRequest, request, labels),
        tasks: 0,
      }),
      checkpoints,
      startedAt,
      isResult: guardOf(evaluateResult),
    },
    () => Promise.resolve(undefined),
    async (_, origin) => {
      const grading = { grader: request.grader!, scope: graderScope, runsFolder };
      const second = read?.second ?? (grader && (await opinionOf(grader, givens, grading, context)));
      const judge = read === undefined ? (request.grader?.model ?? null) : judgeName(read.facts);
      return resultOf(request, source, { second, judge, verdicts: read?.facts ?? null }, origin);
    },
  );
}

/** What the facts state, and what comes from the run itself. */
const COVERED = Object.keys(evaluateRequest.entries).filter((key) => key !== 'graderScope') as Exclude<
  keyof typeof evaluateRequest.entries,
  'graderScope'
>[];

function resultOf(
  { graderScope, regrade: asked }: ParsedEvaluation,
  { result, givens }: Source,
  {
    second,
    judge,
    verdicts,
  }: { second: SecondOpinion | undefined; judge: string | null; verdicts: Regrade['verdicts'] },
  origin: Provenance,
): EvaluateResult {
  const questions = judgedAgain(result, givens, second);
  const isBoth = second !== undefined && (verdicts !== null || graderScope === 'all');
  const { schema, kind, checkpoints, data, dataFingerprint, sets, maxNewTokens, seed, protocol, describer, axis } =
    result;
  const answers = result.protocol?.sampling?.answers ?? 1;
  const hasBoxes = givens.some(({ question }) => question.answerType === 'box');
  return {
    ...{ schema, kind, checkpoints, data, dataFingerprint, sets, maxNewTokens, seed },
    ...(protocol && { protocol }),
    ...(result.imported && { imported: result.imported }),
    describer,
    axis,
    grading: GRADING_VERSION,
    grader: judge,
    ...(isBoth && { graderScope: 'all' as const }),
    rules: asked!.rules,
    ...(isBoth && { agreement: agreementsOf(givens, second, checkpoints.length) }),
    regrade: {
      runId: result.provenance.runId,
      grading: result.grading ?? 1,
      grader: result.grader,
      rules: result.rules ?? 'task',
      finishedAt: result.provenance.finishedAt,
      verdicts,
      answers: answersIn(givens),
      changed: questions.reduce((sum, { changed = [] }) => sum + changed.length, 0),
    },
    questions,
    ...figuresOf(questions, {
      sets,
      roles: checkpoints.map(({ role }) => role),
      answers,
      seed,
    }),
    warnings: [...new Set([...result.warnings, ...(hasBoxes ? [BOXES] : [])])],
    provenance: origin,
  };
}

/** Of all checkpoints. */
function answersIn(givens: readonly Given[]): number {
  return givens.reduce((sum, { texts }) => sum + texts.flat().length, 0);
}

/** The questions with new verdicts, and which of them are new. */
function judgedAgain(
  { questions }: EvaluateResult,
  givens: readonly Given[],
  second: SecondOpinion | undefined,
): EvaluatedQuestion[] {
  const byId = groupedBy(givens, ({ id }) => id);
  return questions.map((before) => {
    const own: EvaluatedQuestion = { ...before, answers: {}, right: {}, counts: {} };
    for (const key of ['regraded', 'changed', 'sampled'] as const) delete own[key];
    for (const given of byId.get(before.id) ?? []) {
      settle(own, given, second);
      const [old, now] = [rightOf(before, given.setting), rightOf(own, given.setting)];
      for (const [checkpoint, flags] of now.entries())
        for (const [answer, right] of flags.entries())
          if (right !== old[checkpoint]![answer]) (own.changed ??= []).push(markOf(given.setting, checkpoint, answer));
    }
    return own;
  });
}

/** Nothing is asked of a checkpoint; a grader is shown at most so many answers. */
export async function planRegrade(
  request: ParsedEvaluation,
  context: CallContext<EvaluateProgress> = {},
): Promise<EvaluatePlan> {
  const { result, givens } = await sourceOf(request, context);
  const answers = answersIn(givens);
  const sent = request.grader === undefined ? 0 : contestedIn(givens, request.graderScope).size;
  return {
    questions: result.questions.length,
    generations: answers,
    cached: answers,
    memory: BASE_BYTES,
    seconds: sent > 0 ? null : 0,
    basis: 'measured',
    ...(sent > 0 && { judged: sent }),
  };
}
