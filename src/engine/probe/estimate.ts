/**
 * How long a probe will take. Where the first batches would be done in a moment, they are run, and the rest takes as
 * long as they did: that knows how long answers are. A model too large for that has one layer measured, and answers
 * are taken to be as long as they may be.
 */
import type { Pace, PaceJob } from '../model/pace.js';
import { layerSeconds } from '../model/pace.js';
import { layerParts } from '../model/pages.js';
import { createProcessor } from '../model/processor/processor.js';
import type { ModelSpec } from '../model/spec.js';
import { runInThread } from '../runtime/thread.js';
import { type Room, roomFor } from './groups.js';
import type { ProbeJob, WorkerMessage } from './job.js';
import { Pictures, prepare } from './prompts.js';
import type { ProbeRequest } from './request.js';
import type { ProbeSetup } from './setup.js';

export interface Estimate {
  /** Null when not even a few samples could be prepared; the run will say why. */
  seconds: number | null;
  /** `measured`: by samples of this probe. `longest`: answers go to their limit. */
  basis: 'measured' | 'longest';
  /** Bytes that the largest batch takes. */
  batch: number;
}

/** Samples whose length is looked at. */
const LOOKED_AT = 4;
/** Batches are tried that would take no longer if every answer went to its limit; most end before. Seconds. */
const TRIAL = 20;
/** A trial is cut off after that. Milliseconds. */
const TRIAL_LIMIT = 6000;

interface Lengths {
  /** Of a prompt, its visual tokens, and the tokens after them; means. */
  tokens: number;
  visual: number;
  tail: number;
  longest: number;
  /** Patches of a picture. */
  patches: number;
}

/** @param workerFile the bundled worker. @throws `cancelled` */
export async function estimate(setup: ProbeSetup, { memory, threads }: Pick<ProbeRequest, 'memory' | 'threads'>, workerFile: string, signal: AbortSignal | undefined): Promise<Estimate> {
  const { units, specs, plans, checkpoints, labels, kind, mode, part, depths, maxNewTokens } = setup;
  const unknown: Estimate = { seconds: null, basis: 'longest', batch: plans[0]!.batchBytes };
  const lengths = await lengthsOf(setup).catch(() => undefined);
  if (lengths === undefined) return unknown;
  const room = roomFor({ spec: specs[0]!, plan: plans[0]! }, setup);
  const most = largestGroup(room, lengths.longest, units.length);
  const batch = Math.min(plans[0]!.batchBytes, room.bytes(most, lengths.longest));
  let pace: Pace | undefined;
  try {
    await runInThread<Pace>(workerFile, 'pace', { path: checkpoints[0]!.path, memory, threads } satisfies PaceJob, (found) => void (pace = found), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
  }
  if (pace === undefined) return { ...unknown, batch };
  const predict = (count: number) => predicted(setup, lengths, pace!, room, Math.min(most, count), count);
  const tried = Math.min(units.length, 2 * most);
  if (predict(tried) <= TRIAL) {
    const chosen = Array.from({ length: tried }, (_, index) => units[Math.floor((index * units.length) / tried)]!);
    const job: ProbeJob = { kind, mode, part, depths, maxNewTokens, memory, threads, badLines: 'skip', work: [{ checkpoint: 0, path: checkpoints[0]!.path, label: labels[0]!, units: chosen }] };
    const found = await trial(job, workerFile, signal);
    if (found !== undefined) {
      const { opening, groups } = found;
      const later = groups.slice(1);
      const units1 = groups[0]!.units;
      // The first batch reads weights and makes sessions; those after it tell the rate.
      const rate = later.length > 0 ? later.reduce((sum, group) => sum + group.seconds, 0) / later.reduce((sum, group) => sum + group.units, 0) : groups[0]!.seconds / units1;
      const each = opening + groups[0]!.seconds + Math.max(0, units.length - units1) * rate;
      return { seconds: each * checkpoints.length, basis: 'measured', batch };
    }
  }
  return { seconds: predict(units.length) * checkpoints.length, basis: 'longest', batch };
}

async function lengthsOf({ checkpoints, units, maxNewTokens }: ProbeSetup): Promise<Lengths> {
  const processor = await createProcessor(checkpoints[0]!);
  const pictures = new Pictures(processor, undefined);
  const count = Math.min(LOOKED_AT, units.length);
  const found: Lengths = { tokens: 0, visual: 0, tail: 0, longest: 0, patches: 0 };
  for (let index = 0; index < count; index++) {
    const { prompt: { inputIds, images } } = await prepare(processor, pictures, units[Math.floor((index * units.length) / count)]!, false, maxNewTokens);
    const last = processor.imageToken === undefined ? -1 : inputIds.lastIndexOf(processor.imageToken);
    found.tokens += inputIds.length / count;
    found.tail += (inputIds.length - 1 - last) / count;
    found.visual += inputIds.filter((id) => id === processor.imageToken).length / count;
    found.longest = Math.max(found.longest, inputIds.length);
    found.patches += images.reduce((sum, { grid: [times, rows, columns] }) => sum + times * rows * columns, 0) / count;
  }
  return found;
}

function largestGroup(room: Room, tokens: number, units: number): number {
  let count = 1;
  while (count < units && room.fits(count + 1, tokens)) count++;
  return count;
}

/** Seconds for `units` units in groups of `most`, when every answer goes to its limit. */
function predicted({ specs, plans, kind, mode, depths, maxNewTokens }: ProbeSetup, { tokens, tail, visual, longest, patches }: Lengths, pace: Pace, room: Room, most: number, units: number): number {
  const [spec, plan] = [specs[0]!, plans[0]!];
  const { layers } = spec.language;
  const { perLayer, head } = weightsOf(spec);
  const groups = Math.ceil(units / most);
  const inGroup = units / groups;
  // Weights that are read again are read while the layer before them is computed; the two share the processor.
  const pass = (seconds: number) => Math.max(seconds, plan.streamedBytes / pace.reading) + 0.3 * Math.min(seconds, plan.streamedBytes / pace.reading);
  const layersAt = (count: number) => layers * layerSeconds(pace, count);
  const step = (rows: number) => pass(layersAt(rows) + (head / perLayer) * layerSeconds(pace, rows));
  const sides = kind === 'swap' ? 2 : 1;
  const prefill = sides * pass(layersAt(inGroup * tokens));
  const branches = kind === 'attention' ? [] : depths;
  const reached = kind === 'swap' ? (mode === 'from' ? tail : tail + visual) : tokens;
  const branched = branches.reduce((sum, depth) => sum + (layers - depth) * layerSeconds(pace, inGroup * reached), 0);
  const rows = inGroup * (sides + branches.length);
  const together = Math.min(rows, kind === 'attention' ? rows : room.rows(longest));
  const batches = Math.ceil(rows / together);
  const reading = batches * (plan.streamedBytes / pace.reading);
  const decoding = batches * maxNewTokens * step(rows / batches);
  return plan.weightBytes / pace.reading + units * sides * seeingSeconds(spec, patches, pace) + groups * (prefill + Math.max(branched, reading) + decoding);
}

/** Numbers that a token is multiplied with. */
function weightsOf({ language }: ModelSpec): { perLayer: number; head: number } {
  const { projection, block } = layerParts(language, 0);
  const perLayer = [...projection, ...block].reduce((sum, { dims }) => sum + dims.reduce((all, size) => all * size, 1), 0);
  return { perLayer, head: language.vocabulary * language.layer.hidden };
}

/** Seconds of the vision tower for a picture of so many patches, by the arithmetic that a language layer gets done. */
function seeingSeconds(spec: ModelSpec, patches: number, pace: Pace): number {
  if (spec.vision === undefined || patches === 0) return 0;
  const { width, inner, blocks, merge, family, window, fullBlocks, patchSize } = spec.vision;
  const [most] = pace.layer.at(-1)!;
  const rate = (2 * weightsOf(spec).perLayer * most) / layerSeconds(pace, most);
  const inBlock = 4 * width ** 2 + (family.mlp.kind === 'gated' ? 3 : 2) * width * inner;
  const seen = window === null ? patches : Math.min(patches, (window / patchSize) ** 2);
  const attention = 4 * width * ((blocks - fullBlocks.size) * seen + fullBlocks.size * patches);
  const merger = 2 * (merge ** 4 * width ** 2 + merge ** 2 * width * spec.language.layer.hidden) / merge ** 2;
  return (patches * (2 * blocks * inBlock + attention + merger)) / rate;
}

/** Runs the job and takes the time of its batches. Undefined when none came through in time. */
async function trial(job: ProbeJob, workerFile: string, signal: AbortSignal | undefined): Promise<{ opening: number; groups: { units: number; seconds: number }[] } | undefined> {
  const limit = AbortSignal.timeout(TRIAL_LIMIT);
  const start = performance.now();
  let before = start;
  let opening = 0;
  const groups: { units: number; seconds: number }[] = [];
  try {
    await runInThread<WorkerMessage>(workerFile, 'probe', job, (message) => {
      const now = performance.now();
      // The first phase is opening the model, the second its work.
      if (message.type === 'phase') [opening, before] = [(now - start) / 1000, now];
      if (message.type !== 'group' || message.outcomes.every(({ outcome }) => outcome.kind === 'failed')) return;
      groups.push({ units: message.outcomes.length, seconds: (now - before) / 1000 });
      before = now;
    }, signal === undefined ? limit : AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal?.aborted) throw error;
  }
  return groups.length > 0 ? { opening, groups } : undefined;
}

/** Remembers estimates: a dialogue asks again and again. */
export class Estimates {
  private readonly known = new Map<string, Estimate>();

  get(key: string): Estimate | undefined {
    return this.known.get(key);
  }

  set(key: string, found: Estimate): void {
    this.known.delete(key);
    this.known.set(key, found);
    if (this.known.size > REMEMBERED) this.known.delete(this.known.keys().next().value!);
  }
}

const REMEMBERED = 32;
