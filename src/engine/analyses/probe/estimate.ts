/** How long a probe will take, and the memory of its largest batch. */
import {
  costsOf,
  type Estimate,
  fromTrial,
  type Lengths,
  lengthsIn,
  throughputOf,
  spread,
  tryOut,
  unitsToTry,
} from '../../models/estimate.js';
import { lastRecurrent } from '../../models/mixers.js';
import type { Throughput } from '../../models/pace.js';
import { type Room, roomFor } from './groups.js';
import type { ProbeJob, WorkerMessage } from './job.js';
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
  const { units, specs, plans, checkpoints, labels, kind, mode, part, experts, depths, maxNewTokens, pixels } = setup;
  const framing = setup.framings[0]!;
  const unknown: Estimate = { seconds: null, basis: 'longest', batch: plans[0]!.batchBytes };
  const lengths = await lengthsIn(
    'probeLengths',
    units,
    (few): ProbeLengthsJob => ({
      path: checkpoints[0]!.path,
      units: few,
      framing,
      pixels,
      maxNewTokens,
      plan: plans[0]!,
    }),
    workerFile,
    signal,
  );
  if (lengths === undefined) return unknown;
  const room = roomFor({ spec: specs[0]!, plan: plans[0]! }, setup);
  const most = largestGroup(room, lengths.longest, units.length);
  const batch = Math.min(plans[0]!.batchBytes, room.bytes(most, lengths.longest));
  const { path } = checkpoints[0]!;
  const throughput = await throughputOf({ path }, { memory, threads }, workerFile, signal);
  if (throughput === undefined) return { ...unknown, batch };
  const predict = (count: number, tokens: number) =>
    predicted(setup, lengths, throughput, room, Math.min(most, count), count, tokens);
  const { opening } = costsOf(specs[0]!, plans[0]!, throughput);
  const together = unitsToTry(predict, Math.min(units.length, most), maxNewTokens);
  if (together !== undefined) {
    // The first batch reads weights and makes sessions, the second tells.
    const tried = Math.min(units.length, 2 * together);
    const chosen = spread(tried, units.length).map((index) => units[index]!);
    const job: ProbeJob = {
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
      work: [{ checkpoint: 0, path, label: labels[0]!, framing, units: chosen }],
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
      return {
        seconds: fromTrial(found, predict, units.length, maxNewTokens) * checkpoints.length,
        basis: 'measured',
        batch,
      };
  }
  const longest = opening + predict(units.length, maxNewTokens);
  return { seconds: longest * checkpoints.length, basis: 'longest', batch };
}

function largestGroup(room: Room, tokens: number, units: number): number {
  let count = 1;
  while (count < units && room.fits(count + 1, tokens)) count++;
  return count;
}

/** Seconds for `units` units in groups of `most`, when every answer has `newTokens`. */
function predicted(
  { specs, plans, kind, mode, part, experts, depths }: ProbeSetup,
  { tokens, tail, visual, longest, patches }: Lengths,
  throughput: Throughput,
  room: Room,
  most: number,
  units: number,
  newTokens: number,
): number {
  const { layers } = specs[0]!.language;
  const costs = costsOf(specs[0]!, plans[0]!, throughput);
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
