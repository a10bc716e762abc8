/** How long the prompts of a few questions are. */
import { type Lengths, type LengthsJob, sendLengths } from '../../models/lengths.js';
import { promptOf } from './compute.js';
import type { EvaluateJob } from './job.js';

export type QuestionLengthsJob = LengthsJob & Pick<EvaluateJob['work'][number], 'framing' | 'asked'>;

/** @throws as `sendLengths` */
export function measureLengths(
  { framing, asked, ...job }: QuestionLengthsJob,
  send: (lengths: Lengths) => void,
  signal: AbortSignal,
): Promise<void> {
  return sendLengths(
    job,
    (processor, images) => asked.map((one) => () => promptOf(processor, images, one, job.maxNewTokens, framing)),
    send,
    signal,
  );
}
