/** How long a probe will take, and the memory of its largest batch. */
import { type Costs, type Estimate, estimateWork } from '../../models/estimate.js';
import type { Lengths } from '../../models/lengths.js';
import { lastRecurrent } from '../../models/mixers.js';
import { type Room, roomFor } from './groups.js';
import type { ProbeJob, Unit, WorkerMessage } from './job.js';
import { probeKind } from './kinds/list.js';
import type { ProbeLengthsJob } from './lengths.js';
import type { ProbeRequest } from './request.js';
import type { ProbeSetup } from './setup.js';

/** @param workerFile the bundled worker. @throws `cancelled`; `malformed` when tokenizer or template take too long */
export async function estimate(
  setup: ProbeSetup,
  { memory, threads }: Pick<ProbeRequest, 'memory' | 'threads'>,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Estimate> {
  const { units, checkpoints, labels, kind, mode, part, experts, depths, maxNewTokens, pixels } = setup;
  const [spec, plan, framing] = [setup.specs[0]!, setup.plans[0]!, setup.framings[0]!];
  const { path } = checkpoints[0]!;
  const room = roomFor({ spec, plan }, setup);
  const found = await estimateWork<Unit, WorkerMessage>(
    {
      items: units,
      stage: { path },
      spec,
      plan,
      machine: { memory, threads },
      maxNewTokens,
      lengths: {
        kind: 'probeLengths',
        jobOf: (few): ProbeLengthsJob => ({ stage: { path }, units: few, framing, pixels, maxNewTokens, plan }),
      },
      largest({ longest }) {
        const items = largestGroup(room, longest, units.length);
        return { items, bytes: room.bytes(items, longest) };
      },
      prediction: (lengths, costs, most) => (count, tokens) =>
        predicted(setup, lengths, costs, room, Math.min(most, count), count, tokens),
      job: {
        kind: 'probe',
        jobOf: (few, together): ProbeJob => ({
          kind,
          mode,
          part,
          experts,
          depths,
          maxNewTokens,
          memory,
          threads,
          badLines: 'skip',
          pixels,
          together,
          work: [{ checkpoint: 0, path, label: labels[0]!, framing, units: few }],
        }),
      },
      finished: (message) =>
        message.type !== 'group' || message.outcomes.every(({ outcome }) => outcome.kind === 'failed')
          ? undefined
          : message.outcomes.length,
    },
    workerFile,
    signal,
  );
  return { ...found, seconds: found.seconds === null ? null : found.seconds * checkpoints.length };
}

function largestGroup(room: Room, tokens: number, units: number): number {
  let count = 1;
  while (count < units && room.fits(count + 1, tokens)) count++;
  return count;
}

/** Seconds for `units` units in groups of `most`, when every answer has `newTokens`. */
function predicted(
  { specs, kind, mode, part, experts, depths }: ProbeSetup,
  { tokens, tail, visual, longest, patches }: Lengths,
  costs: Costs,
  room: Room,
  most: number,
  units: number,
  newTokens: number,
): number {
  const { layers } = specs[0]!.language;
  const groups = Math.ceil(units / most);
  const inGroup = units / groups;
  const probe = probeKind(kind);
  const sides = probe.paired ? 2 : 1;
  const prefill = sides * costs.pass(costs.layers(layers, inGroup * tokens));
  const branches = probe.branches ? depths : [];
  const carries = lastRecurrent(specs[0]!.language.mixers) >= 0;
  const reached = probe.reached({ tokens, tail, visual }, { mode, part, experts }, carries);
  const branched = branches.reduce((sum, depth) => sum + costs.layers(layers - depth, inGroup * reached), 0);
  const rows = inGroup * (sides + branches.length);
  const together = probe.branches ? Math.min(rows, room.rows(longest)) : rows;
  const batches = Math.ceil(rows / together);
  const decoding = probe.silent ? 0 : batches * newTokens * costs.step(rows / batches);
  return (
    units * sides * costs.seeing(patches) +
    groups * (prefill + Math.max(branched, batches * costs.streaming) + decoding)
  );
}
