/** Verifies a pair of checkpoints, or every run of an experiment that has a result. */
import path from 'node:path';
import type { CallContext } from '../calls.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { shown, thousands } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { type Experiment, hasResult, openExperiment, resultOf } from './experiment.js';
import { openResult, run as verifyStages } from '../analyses/verify/analysis.js';
import type { Outside } from '../analyses/verify/request.js';
import type { Verification } from '../analyses/verify/result.js';
import { verify } from '../analyses/verify/verify.js';
import { frozenNames, type PlannedRun } from './plan.js';
import { RESULT } from './trainers/trainer.js';

/** `runsFolder`: nothing is kept when left out. `storedOnly`: nothing is read anew. */
export type FrozenRequest =
  | { experiment: string; runsFolder?: string | undefined; storedOnly?: boolean | undefined }
  | {
      runsFolder?: string | undefined;
      in: string;
      result: string;
      /** As in a plan's `freeze`; with `also`, what should have stayed. */
      frozen: readonly string[];
      also?: readonly Outside[] | undefined;
      cuts?: [number, number] | undefined;
    };

export interface VerifiedRun {
  run: string;
  /** Null while there is no result. */
  verification: Verification | null;
}

export interface VerifyResult {
  schema: 1;
  passed: boolean;
  /** One, without a name, for a pair of checkpoints. */
  runs: VerifiedRun[];
}

/**
 * What was verified before, of the same files, is returned as it is stored.
 * @throws `not-found` for an experiment without any result, and with `storedOnly` for what was not verified before;
 * `mismatch` for a result of another kind than was planned
 */
export async function verifyFrozen(request: FrozenRequest, context: CallContext = {}): Promise<VerifyResult> {
  const runs =
    'experiment' in request
      ? await verifyRuns(await openExperiment(request.experiment, context.signal), request, context)
      : [{ run: '', verification: await verifyPair(request, context) }];
  return { schema: 1, passed: runs.every(({ verification }) => verification?.passed ?? true), runs };
}

function verifyPair(
  { in: model, result, frozen, also, cuts, runsFolder }: Extract<FrozenRequest, { in: string }>,
  context: CallContext,
): Promise<Verification> {
  if (frozen.length === 0 && (also ?? []).length === 0)
    throw new FrankensteinError('bad-request', 'Nothing is said to be frozen: name layers, or parts with --also.');
  const stages = [model, result].map((given) => ({ path: path.resolve(given) }));
  return verifyStages({ stages, frozen: [...frozen], also: also && [...also], cuts, runsFolder }, undefined, context);
}

type Kept = Pick<FrozenRequest, 'runsFolder'> & { storedOnly?: boolean | undefined };

async function verifyRuns(experiment: Experiment, kept: Kept, context: CallContext): Promise<VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for (const run of experiment.plan.runs) {
    const isThere = await hasResult(resultOf(experiment.folder, run));
    runs.push({ run: run.name, verification: isThere ? await verifyRun(experiment, run, kept, context) : null });
  }
  if (runs.every(({ verification }) => verification === null))
    throw new FrankensteinError(
      'not-found',
      `${shown(experiment.folder)} has no result yet: a run leaves it in runs/NAME/${RESULT}.`,
    );
  return runs;
}

async function verifyRun(
  { folder, plan, model }: Experiment,
  run: PlannedRun,
  { runsFolder, storedOnly }: Kept,
  context: CallContext,
): Promise<Verification> {
  const place = resultOf(folder, run);
  const result = await openResult(place, model, context.signal);
  if (plan.settings.method === 'full' && result.virtual !== undefined)
    throw new FrankensteinError(
      'mismatch',
      `${shown(place)} is an adapter, but the plan trains all parameters: it is the result of another training.`,
    );
  const frozen = await frozenNames(run, model, context.signal);
  const { cuts } = plan.model;
  const request = {
    stages: [{ path: model.path }, { path: result.path, label: run.name }],
    // As anybody may ask it again who has not the plan.
    frozen: run.frozenPatterns.map((pattern) => `/${pattern}/`),
    cuts,
    runsFolder,
  };
  const verification = await verify({ model, result, frozen, cuts, request, storedOnly }, context);
  return withKind(verification, plan, result);
}

/**
 * Why runs prove nothing yet, in a sentence each: one was not verified since its result is what it is, or weights moved
 * that were to stay. Nothing is read but what is stored; none of a run in which nothing was to stay.
 */
export async function doubtsOf(
  experiment: Experiment,
  runs: readonly PlannedRun[],
  runsFolder: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const doubts: string[] = [];
  for (const run of runs.filter(({ frozen }) => frozen.tensors > 0)) {
    const doubt = await doubtOf(experiment, run, runsFolder, signal);
    if (doubt !== null) doubts.push(doubt);
  }
  return doubts;
}

async function doubtOf(
  experiment: Experiment,
  run: PlannedRun,
  runsFolder: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const found = await verifyRun(experiment, run, { runsFolder, storedOnly: true }, { signal }).catch(
    (error: unknown) => {
      if (error instanceof FrankensteinError && error.code === 'not-found') return null;
      throw error;
    },
  );
  if (found === null)
    return `${run.name} has not been verified: "freeze verify" says whether its frozen weights stayed.`;
  if (found.passed) return null;
  const lost = found.moved.length + found.missing.length;
  return (
    `What ${run.name} says is not about frozen weights: ${thousands(lost)} of ${thousands(found.frozen.tensors)} tensors ` +
    'that should have stayed moved, or are missing.'
  );
}

/** A copy where there is something to say: what is stored is of the weights, whatever the plan. */
function withKind(verification: Verification, { settings }: Experiment['plan'], { virtual }: Checkpoint): Verification {
  if (settings.method === 'full' || virtual !== undefined) return verification;
  const merged = 'The plan trains adapters, and this is a whole model: it is held as it is, merged.';
  return { ...verification, warnings: [...verification.warnings, merged] };
}
