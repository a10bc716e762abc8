/** The answers of a run that is done, as they were given, with what judging them needs. */
import path from 'node:path';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { readJson, REQUEST_FILE, runFolder, storedResult } from '../../runs/store.js';
import { parseRequest, restoreRequest } from '../declare/request.js';
import { guardOf } from '../declare/shape.js';
import { setUpProtocol } from '../protocol.js';
import type { Judgeable as Judged } from './judging.js';
import { evaluateRequest } from './request.js';
import type { EvaluatedQuestion, EvaluateResult } from './result.js';
import { evaluateResult } from './schema.js';
import { readSets } from './sets.js';

/** @throws `not-found` for a run that is no finished evaluation */
export async function storedEvaluation(runsFolder: string, runId: string): Promise<EvaluateResult> {
  const found = await storedResult(guardOf(evaluateResult), runsFolder, runId);
  if (found !== undefined) return found;
  throw new FrankensteinError(
    'not-found',
    `The run ${shown(runId)} in ${shown(runsFolder)} is no finished evaluation: there are no answers to judge.`,
  );
}

/**
 * What judging needs of each question, by its id: from the result, or from the set where an earlier version did not
 * keep it.
 * @throws `mismatch` where the set has other questions now; what reading it throws
 */
export async function judgeablesOf(
  result: EvaluateResult,
  runsFolder: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, Judged>> {
  const all = new Map(result.questions.map((question) => [question.id, judgeableOf(question)] as const));
  if (result.questions.every(isWhole)) return all;
  const inSet = await questionsInSet(result, runsFolder, signal);
  for (const { id, prompt, truth } of result.questions.filter((one) => !isWhole(one))) {
    const own = inSet.get(id);
    if (own === undefined || own.prompt !== prompt || own.answer !== truth)
      throw new FrankensteinError(
        'mismatch',
        `The question ${shown(id)} is not in ${shown(result.data)} as the run ${result.provenance.runId} asked it, and ` +
          'that run does not hold its choices: judging its answers needs the set as it was.',
      );
    all.set(id, own);
  }
  return all;
}

function isWhole({ answerType, choices, precision }: EvaluatedQuestion): boolean {
  if (answerType === 'choice') return choices !== undefined;
  return answerType !== 'number' || precision !== undefined;
}

function judgeableOf({ prompt, truth, answerType, choices, precision }: EvaluatedQuestion): Judged {
  return { prompt, answer: truth, answerType, choices: choices ?? undefined, precision: precision ?? undefined };
}

/** Those that the run's own request reads now. */
async function questionsInSet(
  { data, checkpoints, provenance: { runId } }: EvaluateResult,
  runsFolder: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, Judged>> {
  const stored = await readJson<{ question?: unknown }>(path.join(runFolder(runsFolder, runId), REQUEST_FILE));
  const asked = restoreRequest(evaluateRequest, stored?.question) ?? {
    data,
    checkpoints: checkpoints.map(({ path: location, label }) => ({ path: location, label })),
  };
  const request = parseRequest(evaluateRequest, asked);
  const named = checkpoints.map(({ label, role, path: location }) => ({
    label,
    role: role ?? undefined,
    path: location,
  }));
  const sets = await readSets(request, await setUpProtocol(request, named, signal), signal);
  return new Map(
    sets.sets.flatMap(({ name, questions }) => questions.map((question) => [`${name}/${question.id}`, question])),
  );
}
