/** How long the prompts of a few samples are. */
import { type Lengths, type LengthsJob, sendLengths } from '../../models/lengths.js';
import type { Framing } from '../../models/processor/framing.js';
import type { Unit } from './job.js';
import { prepare } from './prompts.js';

export interface ProbeLengthsJob extends LengthsJob {
  units: readonly Unit[];
  framing: Framing;
}

/** @throws as `sendLengths` */
export function measureProbeLengths(
  { units, framing, ...job }: ProbeLengthsJob,
  send: (lengths: Lengths) => void,
  signal: AbortSignal,
): Promise<void> {
  return sendLengths(
    job,
    (processor, images) =>
      units.map(
        (unit) => async () => (await prepare(processor, images, unit, false, job.maxNewTokens, framing)).prompt,
      ),
    send,
    signal,
  );
}
