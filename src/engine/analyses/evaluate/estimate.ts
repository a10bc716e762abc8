/** How long an evaluation will take, and the memory of its largest batch. */
import {
  costsOf,
  type Estimate,
  fromTrial,
  lengthsIn,
  throughputOf,
  spread,
  tryOut,
  unitsToTry,
} from '../../models/estimate.js';
import { type MemoryPlan, rowBytes } from '../../models/plan.js';
import type { ModelSpec } from '../../models/spec.js';
import { roomFor } from './compute.js';
import type { EvaluateJob, EvaluateMessage } from './job.js';
import type { LengthsJob } from './lengths.js';

/**
 * Of one checkpoint's part of the work.
 * @param workerFile the bundled worker. @throws `cancelled`; `malformed` when tokenizer or template take too long
 */
export async function estimate(
  {
    stage,
    label,
    framing,
    asked,
    spec,
    plan,
  }: Omit<EvaluateJob['work'][number], 'checkpoint'> & { spec: ModelSpec; plan: MemoryPlan },
  {
    maxNewTokens,
    memory,
    threads,
    pixels,
    sampling,
  }: Pick<EvaluateJob, 'maxNewTokens' | 'memory' | 'threads' | 'pixels' | 'sampling'>,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Estimate> {
  const unknown: Estimate = { seconds: null, basis: 'longest', batch: plan.batchBytes };
  const lengths = await lengthsIn(
    'lengths',
    asked,
    (few): LengthsJob => ({ stage, framing, asked: few, pixels, maxNewTokens, plan }),
    workerFile,
    signal,
  );
  if (lengths === undefined) return unknown;
  const room = roomFor({ spec, plan }, maxNewTokens);
  let most = 1;
  while (most < asked.length && room.fits(most + 1, lengths.longest)) most++;
  const batch = Math.min(
    plan.batchBytes,
    Math.max(lengths.bytes, most * rowBytes(spec, lengths.longest, maxNewTokens)),
  );
  const throughput = await throughputOf(stage, { memory, threads }, workerFile, signal);
  if (throughput === undefined) return { ...unknown, batch };
  const costs = costsOf(spec, plan, throughput);
  const predict = (count: number, tokens: number) => {
    const groups = Math.ceil(count / most);
    const rows = count / groups;
    return (
      count * costs.seeing(lengths.patches) +
      groups * (costs.pass(costs.layers(spec.language.layers, rows * lengths.tokens)) + tokens * costs.step(rows))
    );
  };
  const together = unitsToTry(predict, Math.min(asked.length, most), maxNewTokens);
  if (together !== undefined) {
    // The first batch reads weights and makes sessions, the second tells.
    const tried = Math.min(asked.length, 2 * together);
    const job: EvaluateJob = {
      maxNewTokens,
      memory,
      threads,
      badLines: 'skip',
      pixels,
      sampling,
      together,
      work: [
        { checkpoint: 0, stage, label, framing, asked: spread(tried, asked.length).map((index) => asked[index]!) },
      ],
    };
    const found = await tryOut<EvaluateMessage>(
      'evaluate',
      job,
      (message) => (message.type === 'batch' ? message.answers.filter(({ text }) => text !== null).length : undefined),
      workerFile,
      signal,
    );
    if (found !== undefined)
      return { seconds: fromTrial(found, predict, asked.length, maxNewTokens), basis: 'measured', batch };
  }
  return { seconds: costs.opening + predict(asked.length, maxNewTokens), basis: 'longest', batch };
}
