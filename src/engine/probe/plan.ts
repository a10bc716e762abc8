/** What a probe will cost. */
import type { CallContext } from '../api.js';
import { estimateSeconds } from './estimate.js';
import type { ProbePlan, ProbeProgress, ProbeRequest } from './request.js';
import { setUp } from './setup.js';

/** Headers and samples are read, weights and pictures are not; how fast the machine is, is measured in a moment. */
export async function planProbe(request: ProbeRequest, context: CallContext<ProbeProgress> = {}): Promise<ProbePlan> {
  const setup = await setUp(request, context);
  const { kind, depths, checkpoints, plans } = setup;
  const samples = setup.samples.items.length;
  return {
    samples,
    depths: depths.length,
    generations: kind === 'attention' ? samples * checkpoints.length : samples * (depths.length + 1),
    memory: Math.max(...plans.map(({ memory }) => memory)),
    seconds: await estimateSeconds(setup),
  };
}
