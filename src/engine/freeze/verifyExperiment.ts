/** Verifies a pair of checkpoints, or every run of an experiment that has a result. */
import path from 'node:path';
import type { CallContext } from '../calls.js';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { resolveCuts } from '../topology/cuts.js';
import { type Experiment, hasResult, openExperiment, resultOf } from './experiment.js';
import { parametersOf } from './parameters.js';
import { checkOutside, frozenNames } from './plan.js';
import type { Outside } from './schema.js';
import { parseSelector, select } from './selector.js';
import { RESULT } from './trainers/trainer.js';
import { openResult, verify, type Verification } from './verify.js';

export type VerifyRequest =
  | { experiment: string }
  | {
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
 * @throws `not-found` for an experiment without any result, `mismatch` for a result of another kind than was planned
 */
export async function verifyFrozen(request: VerifyRequest, context: CallContext = {}): Promise<VerifyResult> {
  const runs =
    'experiment' in request
      ? await verifyRuns(await openExperiment(request.experiment, context.signal), context)
      : [{ run: '', verification: await verifyPair(request, context) }];
  return { schema: 1, passed: runs.every(({ verification }) => verification?.passed ?? true), runs };
}

async function verifyPair(
  request: Extract<VerifyRequest, { in: string }>,
  context: CallContext,
): Promise<Verification> {
  const { signal } = context;
  const model = await openCheckpoint(path.resolve(request.in), { signal });
  const result = await openResult(path.resolve(request.result), model, signal);
  const cuts = resolveCuts(request.cuts, model.layers);
  const parameters = parametersOf(model);
  const within = { layout: model.layout, layers: model.layers, cuts };
  // What is nowhere cannot be shown to have stayed.
  checkOutside(request.also ?? [], { model, parameters });
  const frozen = new Set<string>();
  for (const text of request.frozen) {
    const { parameters: matched } = await select(parseSelector(text, within), parameters, within, signal);
    for (const { name } of matched) frozen.add(name);
  }
  for (const { name, part } of parameters)
    if ((request.also as readonly string[] | undefined)?.includes(part)) frozen.add(name);
  if (frozen.size === 0)
    throw new FrankensteinError('bad-request', 'Nothing is said to be frozen: name layers, or parts with --also.');
  return verify({ model, result, frozen, cuts }, context);
}

async function verifyRuns({ folder, plan, model }: Experiment, context: CallContext): Promise<VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for (const run of plan.runs) {
    const place = resultOf(folder, run);
    if (!(await hasResult(place))) {
      runs.push({ run: run.name, verification: null });
      continue;
    }
    const result = await openResult(place, model, context.signal);
    if (plan.settings.method === 'full' && result.virtual !== undefined)
      throw new FrankensteinError(
        'mismatch',
        `${shown(place)} is an adapter, but the plan trains all parameters: it is the result of another training.`,
      );
    const frozen = await frozenNames(run, model, context.signal);
    const verification = await verify({ model, result, frozen, cuts: plan.model.cuts }, context);
    if (plan.settings.method === 'lora' && result.virtual === undefined)
      verification.warnings.push('The plan trains adapters, and this is a whole model: it is held as it is, merged.');
    runs.push({ run: run.name, verification });
  }
  if (runs.every(({ verification }) => verification === null))
    throw new FrankensteinError(
      'not-found',
      `${shown(folder)} has no result yet: a run leaves it in runs/NAME/${RESULT}.`,
    );
  return runs;
}
