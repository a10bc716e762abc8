/** How long an evaluation will take, and the memory of its largest batch. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { atRateOf, costsOf, type Estimate, lengthsOf, paceOf, spread, TRIAL, tryOut } from '../model/estimate.js';
import { type MemoryPlan, promptBytes, rowBytes } from '../model/plan.js';
import { createProcessor, type ProcessedPrompt } from '../model/processor/processor.js';
import type { ModelSpec } from '../model/spec.js';
import { Pictures } from '../probe/prompts.js';
import { promptOf, roomFor } from './compute.js';
import type { EvaluateJob, EvaluateMessage } from './job.js';

/** Questions of the smallest trial. */
const FEWEST = 8;

/**
 * Of one checkpoint's part of the work.
 * @param workerFile the bundled worker. @throws `cancelled`
 */
export async function estimate(
  {
    stage,
    label,
    asked,
    checkpoint,
    spec,
    plan,
  }: Omit<EvaluateJob['work'][number], 'checkpoint'> & { checkpoint: Checkpoint; spec: ModelSpec; plan: MemoryPlan },
  { maxNewTokens, memory, threads }: Pick<EvaluateJob, 'maxNewTokens' | 'memory' | 'threads'>,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Estimate> {
  const unknown: Estimate = { seconds: null, basis: 'longest', batch: plan.batchBytes };
  let largest = 0;
  const look = async () => {
    const processor = await createProcessor(checkpoint, { signal });
    const pictures = new Pictures(processor, plan, signal);
    return lengthsOf(asked.length, processor.imageToken, async (index) => {
      const prompt: ProcessedPrompt = await promptOf(processor, pictures, asked[index]!, maxNewTokens);
      largest = Math.max(largest, promptBytes(spec, prompt, maxNewTokens));
      return prompt;
    });
  };
  const lengths = await look().catch(() => undefined);
  if (lengths === undefined) return unknown;
  const room = roomFor({ spec, plan }, maxNewTokens);
  let most = 1;
  while (most < asked.length && room.fits(most + 1, lengths.longest)) most++;
  const batch = Math.min(plan.batchBytes, Math.max(largest, most * rowBytes(spec, lengths.longest, maxNewTokens)));
  const pace = await paceOf(stage, { memory, threads }, workerFile, signal);
  if (pace === undefined) return { ...unknown, batch };
  const costs = costsOf(spec, plan, pace);
  const predict = (count: number) => {
    const groups = Math.ceil(count / most);
    const rows = count / groups;
    return (
      costs.opening +
      count * costs.seeing(lengths.patches) +
      groups * (costs.pass(costs.layers(spec.language.layers, rows * lengths.tokens)) + maxNewTokens * costs.step(rows))
    );
  };
  let tried = Math.min(asked.length, 2 * most);
  // Answers seldom come near their limit: a smaller batch that is run tells more than a larger one that is not.
  while (tried > FEWEST && predict(tried) > TRIAL) tried = Math.max(FEWEST, tried >> 1);
  if (predict(tried) <= TRIAL) {
    const job: EvaluateJob = {
      maxNewTokens,
      memory,
      threads,
      badLines: 'skip',
      work: [{ checkpoint: 0, stage, label, asked: spread(tried, asked.length).map((index) => asked[index]!) }],
    };
    const found = await tryOut<EvaluateMessage>(
      'evaluate',
      job,
      (message) => (message.type === 'batch' ? message.answers.filter(({ text }) => text !== null).length : undefined),
      workerFile,
      signal,
    );
    if (found !== undefined) return { seconds: atRateOf(found, asked.length), basis: 'measured', batch };
  }
  return { seconds: predict(asked.length), basis: 'longest', batch };
}
