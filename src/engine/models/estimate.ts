/**
 * How long model work will take, before it starts. Its parts are counted from the pace of one layer. How long answers
 * are cannot be counted: a small part of the work is run where that takes a moment, and tells. Otherwise every answer
 * is taken to go to its limit.
 */
import type { StageRequest } from '../checkpoint/stage.js';
import { runInThread } from '../runtime/thread.js';
import type { Mutex } from '../runtime/mutex.js';
import type { Lengths } from './lengths.js';
import { layerSeconds, type Throughput, type PaceJob } from './pace.js';
import { expertNumbers } from './experts.js';
import { layerParts } from './pages.js';
import type { MemoryPlan } from './plan.js';
import type { ModelSpec } from './spec.js';

export interface Estimate {
  /** Null when not even a few prompts could be prepared; the run will say why. */
  seconds: number | null;
  /** `measured`: by a part of the work. `longest`: answers go to their limit. */
  basis: 'measured' | 'longest';
  /** Bytes that the largest batch takes. */
  batch: number;
}

/** Prompts whose length is looked at. */
const LOOKED_AT = 4;
/** So much is tried as would take no longer if answers had so many tokens; most are shorter. */
const TRIAL_SECONDS = 3;
const TRIAL_TOKENS = 32;
/** A trial is cut off after that: answers are long, or the machine has other things to do. Milliseconds. */
const TRIAL_LIMIT = 15_000;

/**
 * The lengths that a job of this kind finds of a few of `all`, spread evenly, in a thread: tokenizers and templates are
 * programs of the checkpoint. Undefined when a prompt cannot be made; the run will say why.
 * @throws `cancelled`; `malformed` when tokenizer or template take too long
 */
async function lengthsIn<Item>(
  kind: 'lengths' | 'probeLengths',
  all: readonly Item[],
  jobOf: (few: Item[]) => object,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Lengths | undefined> {
  const few = spread(Math.min(LOOKED_AT, all.length), all.length).map((index) => all[index]!);
  let lengths: Lengths | undefined;
  await runInThread<Lengths>(workerFile, kind, jobOf(few), (found) => void (lengths = found), signal);
  return lengths;
}

/** `few` indices of `many`, evenly. */
export function spread(few: number, many: number): number[] {
  return Array.from({ length: few }, (_, index) => Math.floor((index * many) / few));
}

/** Measures the pace in a thread. Undefined when the model would not run; the run will say why. @throws `cancelled` */
async function throughputOf(
  { path, recipe }: StageRequest,
  { memory, threads }: Pick<PaceJob, 'memory' | 'threads'>,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Throughput | undefined> {
  let throughput: Throughput | undefined;
  try {
    await runInThread<Throughput>(
      workerFile,
      'pace',
      { path, recipe, memory, threads } satisfies PaceJob,
      (found) => void (throughput = found),
      signal,
    );
  } catch (error) {
    if (signal?.aborted) throw error;
  }
  return throughput;
}

/** What parts of the work cost, in seconds. */
export interface Costs {
  /** So many tokens at once through so many layers, when nothing is read. */
  layers(count: number, tokens: number): number;
  /** What is computed in so many seconds, when weights that do not stay are read at the same time. */
  pass(seconds: number): number;
  /** One new token for so many rows. */
  step(rows: number): number;
  /** Reading what does not stay, once. */
  streaming: number;
  /** Reading what stays. */
  opening: number;
  /** The vision tower, for an image of so many patches. */
  seeing(patches: number): number;
}

function costsOf(spec: ModelSpec, plan: MemoryPlan, throughput: Throughput): Costs {
  const { perLayer, head } = weightsOf(spec);
  const streaming = plan.streamedBytes / throughput.reading;
  const layers: Costs['layers'] = (count, tokens) => count * layerSeconds(throughput, tokens);
  // Weights that are read again are read while the layer before them is computed; the two share the processor.
  const pass = (seconds: number) => Math.max(seconds, streaming) + 0.3 * Math.min(seconds, streaming);
  return {
    layers,
    pass,
    step: (rows) => pass(layers(spec.language.layers + head / perLayer, rows)),
    streaming,
    opening: plan.weightBytes / throughput.reading,
    seeing: (patches) => seeingSeconds(spec, patches, throughput),
  };
}

/** Numbers that a token is multiplied with. */
function weightsOf({ language }: ModelSpec): { perLayer: number; head: number } {
  // The layer whose pace is measured.
  const { projection, block } = layerParts(language, 0);
  const perLayer = [...projection, ...block].reduce(
    (sum, { dims }) => sum + dims.reduce((all, size) => all * size, 1),
    0,
  );
  const experts = language.mlps[0] === 'experts' ? language.layer.experts!.chosen * expertNumbers(language.layer) : 0;
  return { perLayer: perLayer + experts, head: language.vocabulary * language.layer.hidden };
}

/** By the arithmetic that a language layer gets done. */
function seeingSeconds(spec: ModelSpec, patches: number, throughput: Throughput): number {
  if (spec.vision === undefined || patches === 0) return 0;
  const { width, inner, blocks, merge, family, window, fullBlocks, patchSize, projector, square } = spec.vision;
  const [most] = throughput.layer.at(-1)!;
  const rate = (2 * weightsOf(spec).perLayer * most) / layerSeconds(throughput, most);
  const inBlock = 4 * width ** 2 + (family.mlp.kind === 'gated' ? 3 : 2) * width * inner;
  const frame = square ? Math.min(patches, square.side ** 2) : patches;
  const seen = window === null ? frame : Math.min(patches, (window / patchSize) ** 2);
  const attention = 4 * width * ((blocks - fullBlocks.size) * seen + fullBlocks.size * patches);
  const merger = (2 * projector.inner * (merge ** 2 * width + spec.language.layer.hidden)) / merge ** 2;
  return (patches * (2 * blocks * inBlock + attention + merger)) / rate;
}

/** Work that is done in batches of items, as an estimate needs to know it. */
export interface Work<Item, Message extends { type: string }> {
  items: readonly Item[];
  stage: StageRequest;
  spec: ModelSpec;
  plan: MemoryPlan;
  machine: Pick<PaceJob, 'memory' | 'threads'>;
  maxNewTokens: number;
  /** The job that measures prompts, and what it is given for a few of the items. */
  lengths: { kind: 'lengths' | 'probeLengths'; jobOf: (few: Item[]) => object };
  /** The items of the largest batch, and its bytes. */
  largest(lengths: Lengths): { items: number; bytes: number };
  /** @param most items of a batch */
  prediction(lengths: Lengths, costs: Costs, most: number): Prediction;
  /** The job itself, in batches of `together`. */
  job: { kind: string; jobOf: (few: Item[], together: number) => object };
  /** Items that a message says are done; undefined for other messages. */
  finished(message: Message): number | undefined;
}

/**
 * How long the work will take, and the memory of its largest batch.
 * @param workerFile the bundled worker. @throws `cancelled`; `malformed` when tokenizer or template take too long
 */
export async function estimateWork<Item, Message extends { type: string }>(
  work: Work<Item, Message>,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Estimate> {
  const { items, plan, maxNewTokens } = work;
  const unknown: Estimate = { seconds: null, basis: 'longest', batch: plan.batchBytes };
  const lengths = await lengthsIn(work.lengths.kind, items, work.lengths.jobOf, workerFile, signal);
  if (lengths === undefined) return unknown;
  const largest = work.largest(lengths);
  const batch = Math.min(plan.batchBytes, largest.bytes);
  const throughput = await throughputOf(work.stage, work.machine, workerFile, signal);
  if (throughput === undefined) return { ...unknown, batch };
  const costs = costsOf(work.spec, plan, throughput);
  const predict = work.prediction(lengths, costs, largest.items);
  const together = unitsToTry(predict, Math.min(items.length, largest.items), maxNewTokens);
  if (together !== undefined) {
    // The first batch reads weights and makes sessions, the second tells.
    const tried = Math.min(items.length, 2 * together);
    const few = spread(tried, items.length).map((index) => items[index]!);
    const job = work.job.jobOf(few, together);
    const found = await tryOut<Message>(work.job.kind, job, (message) => work.finished(message), workerFile, signal);
    if (found !== undefined)
      return { seconds: fromTrial(found, predict, items.length, maxNewTokens), basis: 'measured', batch };
  }
  return { seconds: costs.opening + predict(items.length, maxNewTokens), basis: 'longest', batch };
}

/** What a trial found: seconds until the model was open, and its batches. */
export interface Trial {
  opening: number;
  groups: { units: number; seconds: number }[];
}

/**
 * Runs a job and takes the time of its batches. Undefined when none came through in time.
 * @param finished units that a message says are done; undefined for other messages.
 */
export async function tryOut<Message extends { type: string }>(
  kind: string,
  job: object,
  finished: (message: Message) => number | undefined,
  workerFile: string,
  signal: AbortSignal | undefined,
): Promise<Trial | undefined> {
  const limit = AbortSignal.timeout(TRIAL_LIMIT);
  const start = performance.now();
  let before = start;
  let opening = 0;
  const groups: Trial['groups'] = [];
  try {
    await runInThread<Message>(
      workerFile,
      kind,
      job,
      (message) => {
        const now = performance.now();
        // The first phase is opening the model, the second its work.
        if (message.type === 'phase') [opening, before] = [(now - start) / 1000, now];
        const units = finished(message);
        if (units === undefined || units === 0) return;
        groups.push({ units, seconds: (now - before) / 1000 });
        before = now;
      },
      signal === undefined ? limit : AbortSignal.any([signal, limit]),
    );
  } catch (error) {
    if (signal?.aborted) throw error;
  }
  return groups.length > 0 ? { opening, groups } : undefined;
}

/** Seconds that so many units take once the model is open, when every answer has so many tokens. */
export type Prediction = (units: number, tokens: number) => number;

/**
 * How many units a batch of a trial has: at most `most`, fewer while it would take long. Undefined where even one
 * would.
 */
export function unitsToTry(predict: Prediction, most: number, maxNewTokens: number): number | undefined {
  const tokens = Math.min(TRIAL_TOKENS, maxNewTokens);
  let units = most;
  while (units > 1 && predict(units, tokens) > TRIAL_SECONDS) units = Math.ceil(units / 2);
  return predict(units, tokens) <= 2 * TRIAL_SECONDS ? units : undefined;
}

/**
 * Seconds for so many units, from a trial of fewer: it tells how many tokens the answers of a batch take; what larger
 * batches save is predicted.
 */
export function fromTrial(
  { opening, groups }: Trial,
  predict: Prediction,
  units: number,
  maxNewTokens: number,
): number {
  const [first, ...later] = groups as [Trial['groups'][number], ...Trial['groups']];
  // The first batch reads weights and makes sessions; those after it tell more.
  const told = later.length > 0 ? later : [first];
  const seconds = told.reduce((sum, group) => sum + group.seconds, 0);
  const predicted = (tokens: number) => told.reduce((sum, group) => sum + predict(group.units, tokens), 0);
  // Linear in the tokens.
  const [least, most] = [predicted(1), predicted(maxNewTokens)];
  const fraction = most > least ? (seconds - least) / (most - least) : 0;
  const tokens = 1 + Math.min(1, Math.max(0, fraction)) * (maxNewTokens - 1);
  // Outside of what lengths can explain, the machine is faster or slower than its pace.
  const scale = seconds / predicted(tokens);
  const left = Math.max(0, units - first.units);
  return opening + first.seconds + (left === 0 ? 0 : scale * predict(left, tokens));
}

/** Remembers estimates: a dialogue asks again and again. */
export class Estimates {
  private readonly found = new Map<string, Estimate>();

  known(key: string): Estimate | undefined {
    return this.found.get(key);
  }

  /**
   * The estimate of this key, made where it is not known. Undefined where it is not and the machine is at work: that
   * would disturb both.
   * @param mutex of the work that fills the memory budget; `release` frees the models that are open for prompts.
   */
  async of(
    key: string,
    { mutex, release }: { mutex: Mutex; release: () => Promise<void> },
    make: () => Promise<Estimate>,
    signal: AbortSignal | undefined,
  ): Promise<Estimate | undefined> {
    const known = this.found.get(key);
    if (known !== undefined || mutex.busy) return known;
    const found = await mutex.take(async () => {
      await release();
      return make();
    }, signal);
    this.found.set(key, found);
    if (this.found.size > REMEMBERED) this.found.delete(this.found.keys().next().value!);
    return found;
  }
}

const REMEMBERED = 32;
