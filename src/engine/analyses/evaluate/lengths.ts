/** How long the prompts of a few questions are: runs where it may block its thread. */
import { openStage } from '../../merge/checkpoint.js';
import { type Lengths, lengthsOf, sendLengths } from '../../models/estimate.js';
import { type MemoryPlan, promptBytes } from '../../models/plan.js';
import { createProcessor } from '../../models/processor/processor.js';
import { readSpec } from '../../models/spec.js';
import { Images } from '../probe/prompts.js';
import { promptOf } from './compute.js';
import type { EvaluateJob } from './job.js';

export type LengthsJob = Pick<EvaluateJob['work'][number], 'stage' | 'asked'> &
  Pick<EvaluateJob, 'maxNewTokens'> & { plan: MemoryPlan };

/** @throws as `sendLengths` */
export function measureLengths(
  { stage, asked, maxNewTokens, plan }: LengthsJob,
  send: (lengths: Lengths) => void,
  signal: AbortSignal,
): Promise<void> {
  return sendLengths(
    async () => {
      const checkpoint = await openStage(stage, { signal });
      const spec = readSpec(checkpoint);
      const processor = await createProcessor(checkpoint, { signal });
      const images = new Images(processor, plan, signal);
      return lengthsOf(
        asked.map((one) => () => promptOf(processor, images, one, maxNewTokens)),
        processor.imageToken,
        (prompt) => promptBytes(spec, prompt, maxNewTokens),
      );
    },
    send,
    signal,
  );
}
