/** How long a probe will take, and the memory of its largest batch. */
import {
  atRateOf,
  costsOf,
  type Estimate,
  type Lengths,
  lengthsOf,
  paceOf,
  spread,
  TRIAL,
  tryOut,
} from '../model/estimate.js';
import type { Pace } from '../model/pace.js';
import { createProcessor } from '../model/processor/processor.js';
import { type Room, roomFor } from './groups.js';
import type { ProbeJob, WorkerMessage } from './job.js';
import { Pictures, prepare } from './prompts.js';
import type { ProbeRequest } from './request.js';
import type { ProbeSetup } from './setup.js';

/** @param workerFile the bundled worker. @throws `cancelled` */
export async function estimate(
  setup: ProbeSetup,
  { memory, threads }: Pick<ProbeRequest, 'memory' | 'threads'>,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Estimate> {
  const { units, specs, plans, checkpoints, labels, kind, mode, part, depths, maxNewTokens } = setup;
  const unknown: Estimate = { seconds: null, basis: 'longest', batch: plans[0]!.batchBytes };
  const lengths = await promptLengths(setup).catch(() => undefined);
  if (lengths === undefined) return unknown;
  const room = roomFor({ spec: specs[0]!, plan: plans[0]! }, setup);
  const most = largestGroup(room, lengths.longest, units.length);
  const batch = Math.min(plans[0]!.batchBytes, room.bytes(most, lengths.longest));
  const { path } = checkpoints[0]!;
  const pace = await paceOf({ path }, { memory, threads }, workerFile, signal);
  if (pace === undefined) return { ...unknown, batch };
  const predict = (count: number) => predicted(setup, lengths, pace, room, Math.min(most, count), count);
  const tried = Math.min(units.length, 2 * most);
  if (predict(tried) <= TRIAL) {
    const chosen = spread(tried, units.length).map((index) => units[index]!);
    const job: ProbeJob = {
      kind,
      mode,
      part,
      depths,
      maxNewTokens,
      memory,
      threads,
      badLines: 'skip',
      work: [{ checkpoint: 0, path, label: labels[0]!, units: chosen }],
    };
    const found = await tryOut<WorkerMessage>(
      'probe',
      job,
      (message) =>
        message.type !== 'group' || message.outcomes.every(({ outcome }) => outcome.kind === 'failed')
          ? undefined
          : message.outcomes.length,
      workerFile,
      signal,
    );
    if (found !== undefined)
      return { seconds: atRateOf(found, units.length) * checkpoints.length, basis: 'measured', batch };
  }
  return { seconds: predict(units.length) * checkpoints.length, basis: 'longest', batch };
}

async function promptLengths({ checkpoints, plans, units, maxNewTokens }: ProbeSetup): Promise<Lengths> {
  const processor = await createProcessor(checkpoints[0]!);
  const pictures = new Pictures(processor, plans[0]!, undefined);
  return lengthsOf(
    units.length,
    processor.imageToken,
    async (index) => (await prepare(processor, pictures, units[index]!, false, maxNewTokens)).prompt,
  );
}

function largestGroup(room: Room, tokens: number, units: number): number {
  let count = 1;
  while (count < units && room.fits(count + 1, tokens)) count++;
  return count;
}

/** Seconds for `units` units in groups of `most`, when every answer goes to its limit. */
function predicted(
  { specs, plans, kind, mode, depths, maxNewTokens }: ProbeSetup,
  { tokens, tail, visual, longest, patches }: Lengths,
  pace: Pace,
  room: Room,
  most: number,
  units: number,
): number {
  const { layers } = specs[0]!.language;
  const costs = costsOf(specs[0]!, plans[0]!, pace);
  const groups = Math.ceil(units / most);
  const inGroup = units / groups;
  const sides = kind === 'swap' ? 2 : 1;
  const prefill = sides * costs.pass(costs.layers(layers, inGroup * tokens));
  const branches = kind === 'attention' ? [] : depths;
  const reached = kind === 'swap' ? (mode === 'from' ? tail : tail + visual) : tokens;
  const branched = branches.reduce((sum, depth) => sum + costs.layers(layers - depth, inGroup * reached), 0);
  const rows = inGroup * (sides + branches.length);
  const together = Math.min(rows, kind === 'attention' ? rows : room.rows(longest));
  const batches = Math.ceil(rows / together);
  const decoding = batches * maxNewTokens * costs.step(rows / batches);
  return (
    costs.opening +
    units * sides * costs.seeing(patches) +
    groups * (prefill + Math.max(branched, batches * costs.streaming) + decoding)
  );
}
