/** How long an evaluation will take, and the memory of its largest batch. */
import { type Estimate, estimateWork } from '../../models/estimate.js';
import { type MemoryPlan, rowBytes } from '../../models/plan.js';
import type { ModelSpec } from '../../models/spec.js';
import { roomFor } from './compute.js';
import type { AskedQuestion, EvaluateJob, EvaluateMessage } from './job.js';
import type { QuestionLengthsJob } from './lengths.js';

/**
 * Of one checkpoint's part of the work.
 * @param workerFile the bundled worker. @throws `cancelled`; `malformed` when tokenizer or template take too long
 */
export function estimate(
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
  const room = roomFor({ spec, plan }, maxNewTokens);
  return estimateWork<AskedQuestion, EvaluateMessage>(
    {
      items: asked,
      stage,
      spec,
      plan,
      machine: { memory, threads },
      maxNewTokens,
      lengths: {
        kind: 'lengths',
        jobOf: (few): QuestionLengthsJob => ({ stage, framing, asked: few, pixels, maxNewTokens, plan }),
      },
      largest({ longest, bytes }) {
        let items = 1;
        while (items < asked.length && room.fits(items + 1, longest)) items++;
        return { items, bytes: Math.max(bytes, items * rowBytes(spec, longest, maxNewTokens)) };
      },
      prediction: (lengths, costs, most) => (count, tokens) => {
        const groups = Math.ceil(count / most);
        const rows = count / groups;
        return (
          count * costs.seeing(lengths.patches) +
          groups * (costs.pass(costs.layers(spec.language.layers, rows * lengths.tokens)) + tokens * costs.step(rows))
        );
      },
      job: {
        kind: 'evaluate',
        jobOf: (few, together): EvaluateJob => ({
          maxNewTokens,
          memory,
          threads,
          badLines: 'skip',
          pixels,
          sampling,
          together,
          work: [{ checkpoint: 0, stage, label, framing, asked: few }],
        }),
      },
      finished: (message) =>
        message.type === 'batch' ? message.answers.filter(({ text }) => text !== null).length : undefined,
    },
    workerFile,
    signal,
  );
}
