/** How long the prompts of a few questions are: runs where it may block its thread. */
import { openStage } from '../../merge/checkpoint.js';
import { type Lengths, lengthsOf, sendLengths } from '../../models/estimate.js';
import { type MemoryPlan, promptBytes } from '../../models/plan.js';
import { createProcessor } from '../../models/processor/processor.js';
import { readSpec } from '../../models/spec.js';
import { Images } from '../probe/prompts.js';
import { promptOf } from './compute.js';
import type { EvaluateJob } from './job.js';

export type LengthsJob = Pick<EvaluateJob['work'][number], 'stage' | 'framing' | 'asked'> &
  Pick<EvaluateJob, 'maxNewTokens' | 'pixels'> & { plan: MemoryPlan };

/** @throws as `sendLengths` */
export function measureLengths(
  { stage, framing, asked, pixels, maxNewTokens, plan }: LengthsJob,
  send: (lengths: Lengths) => void,
  signal: AbortSignal,
): Promise<void> {
  return sendLengths(
    async () => {
      const checkpoint = await openStage(stage, { signal });
      const spec = readSpec(checkpoint);
      const processor = await createProcessor(checkpoint, { ...pixels, signal });
      const images = new Images(processor, plan, signal);
      return lengthsOf(
        asked.map((one) => () => promptOf(processor, images, one, maxNewTokens, framing)),
        processor.imageToken,
        (prompt) => promptBytes(spec, prompt, maxNewTokens),
      );
    },
    send,
    signal,
  );
}
