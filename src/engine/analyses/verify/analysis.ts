/** What the engine runs of a verification: of two checkpoints, and of what is said to be frozen. */
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { FrankensteinError } from '../../errors.js';
import { openCheckpoint, openStage } from '../../merge/checkpoint.js';
import { recall } from '../../runs/recall.js';
import { resolveCuts } from '../../topology/cuts.js';
import type { Tools } from '../declare/definition.js';
import { guardOf } from '../declare/shape.js';
import { parametersOf } from './parameters.js';
import type { VerifyPlan, VerifyRequest } from './request.js';
import type { Verification } from './result.js';
import { verifyResult } from './schema.js';
import { checkOutside, parseSelector, select } from './selector.js';
import { bytesToRead, pairsOf, verify } from './verify.js';

export async function plan(request: VerifyRequest, _: Tools, context: CallContext = {}): Promise<VerifyPlan> {
  const { model, result } = await openPair(request, context.signal);
  const pairs = pairsOf(model, result);
  return { tensors: pairs.length, bytes: bytesToRead(pairs) };
}

/** A finished verification of the same files is returned at once. @throws as `verify`, and what selecting throws */
export async function run(request: VerifyRequest, _?: Tools, context: CallContext = {}): Promise<Verification> {
  const { stages, frozen, also, runsFolder } = request;
  const question = { kind: 'verify', frozen, also, cuts: request.cuts };
  const known = await recall(question, stages, runsFolder, guardOf(verifyResult));
  if (known.result !== undefined) return known.result;
  const { model, result } = await openPair(request, context.signal);
  const cuts = resolveCuts(request.cuts, model.layers);
  const names = await namesOf(request, model, cuts, context.signal);
  return verify({ model, result, frozen: names, cuts, request, recall: known }, context);
}

async function openPair({ stages }: VerifyRequest, signal: AbortSignal | undefined) {
  if (stages.length !== 2)
    throw new FrankensteinError(
      'bad-request',
      'A verification takes two checkpoints: IN, and what was trained from it.',
    );
  const model = await openStage(stages[0]!, { signal });
  const result =
    stages[1]!.recipe === undefined
      ? await openResult(path.resolve(stages[1]!.path), model, signal)
      : await openStage(stages[1]!, { signal });
  return { model, result };
}

/** The result of a run as a checkpoint; an adapter whose base is not where it says is put on IN. */
export async function openResult(given: string, model: Checkpoint, signal?: AbortSignal): Promise<Checkpoint> {
  try {
    return await openCheckpoint(given, { signal });
  } catch (error) {
    if (!(error instanceof FrankensteinError) || error.code !== 'no-base') throw error;
    return openCheckpoint(`${model.path}+${given}`, { signal });
  }
}

/** The parameters that are said to have stayed, by name. */
async function namesOf(
  { frozen, also = [] }: VerifyRequest,
  model: Checkpoint,
  cuts: [number, number],
  signal: AbortSignal | undefined,
): Promise<Set<string>> {
  const parameters = parametersOf(model);
  const within = { layout: model.layout, layers: model.layers, cuts };
  // What is nowhere cannot be shown to have stayed.
  checkOutside(also, { model, parameters });
  const names = new Set<string>();
  for (const text of frozen) {
    const { parameters: matched } = await select(parseSelector(text, within), parameters, within, signal);
    for (const { name } of matched) names.add(name);
  }
  for (const { name, part } of parameters) if ((also as readonly string[]).includes(part)) names.add(name);
  return names;
}
