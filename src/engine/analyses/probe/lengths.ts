/** How long the prompts of a few samples are: runs where it may block its thread. */
import { openCheckpoint } from '../../merge/checkpoint.js';
import { type Lengths, lengthsOf, sendLengths } from '../../models/estimate.js';
import { type MemoryPlan, promptBytes } from '../../models/plan.js';
import type { Framing } from '../../models/processor/framing.js';
import { createProcessor } from '../../models/processor/processor.js';
import { readSpec } from '../../models/spec.js';
import type { ProbeJob, Unit } from './job.js';
import { Images, prepare } from './prompts.js';

export interface ProbeLengthsJob extends Pick<ProbeJob, 'maxNewTokens' | 'pixels'> {
  path: string;
  units: readonly Unit[];
  framing: Framing;
  plan: MemoryPlan;
}

/** @throws as `sendLengths` */
export function measureProbeLengths(
  { path, units, framing, pixels, maxNewTokens, plan }: ProbeLengthsJob,
  send: (lengths: Lengths) => void,
  signal: AbortSignal,
): Promise<void> {
  return sendLengths(
    async () => {
      const checkpoint = await openCheckpoint(path, { signal });
      const spec = readSpec(checkpoint);
      const processor = await createProcessor(checkpoint, { ...pixels, signal });
      const images = new Images(processor, plan, signal);
      return lengthsOf(
        units.map((unit) => async () => (await prepare(processor, images, unit, false, maxNewTokens, framing)).prompt),
        processor.imageToken,
        (prompt) => promptBytes(spec, prompt, maxNewTokens),
      );
    },
    send,
    signal,
  );
}
