/** What a probe will cost. */
import type { CallContext } from '../../calls.js';
import { fileIdentities } from '../../checkpoint/fingerprint.js';
import { type Estimate, Estimates } from '../../models/estimate.js';
import { neededBytes } from '../../models/plan.js';
import type { Mutex } from '../../runtime/mutex.js';
import { estimate } from './estimate.js';
import type { ParsedProbe, ProbePlan, ProbeProgress } from './request.js';
import { probeKind } from './kinds/list.js';
import { type ProbeSetup, setUp } from './setup.js';

const estimates = new Estimates();

/**
 * Headers and samples are read; then the machine is measured, unless it is at work: that would disturb both.
 * @param mutex of the work that fills the budget; `release` frees what is kept for questions.
 */
export async function planProbe(
  request: ParsedProbe,
  workerFile: string,
  mutex: Mutex,
  release: () => Promise<void>,
  context: CallContext<ProbeProgress> = {},
): Promise<ProbePlan> {
  const { signal } = context;
  const setup = await setUp(request, context);
  const { kind, depths, checkpoints, plans } = setup;
  const samples = setup.samples.items.length;
  const make = () => estimate(setup, request, workerFile, signal);
  const found = await estimates.of(keyOf(setup, request), { mutex, release }, make, signal);
  const { seconds, basis, batch }: Estimate = found ?? { seconds: null, basis: 'longest', batch: plans[0]!.batchBytes };
  return {
    samples,
    depths: depths.length,
    generations: probeKind(kind).branches ? samples * (depths.length + 1) : samples * checkpoints.length,
    memory: Math.max(...plans.map((plan) => neededBytes(plan, batch))),
    streamedBytes: Math.max(...plans.map(({ streamedBytes }) => streamedBytes)),
    seconds,
    basis,
  };
}

function keyOf(
  {
    kind,
    mode,
    part,
    experts,
    depths,
    maxNewTokens,
    units,
    checkpoints,
    imageFingerprint,
    framings,
    pixels,
  }: ProbeSetup,
  { memory, threads }: ParsedProbe,
): string {
  return JSON.stringify([
    kind,
    mode,
    part,
    experts,
    depths,
    maxNewTokens,
    memory,
    threads,
    imageFingerprint,
    framings,
    pixels,
    units.map(({ prompt }) => prompt),
    checkpoints.map((checkpoint) => [checkpoint.path, fileIdentities(checkpoint)]),
  ]);
}
