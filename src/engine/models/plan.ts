/**
 * How a model fits a memory budget: which weights stay, in which format, what is left for the cache and for results in
 * between. Decided before anything is read, and part of what a run is estimated by.
 */
import { availableParallelism, totalmem } from 'node:os';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { shown, thousands } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { cacheBytes } from './cache.js';
import { queryHeads } from './graphs/language.js';
import { linearSizes } from './graphs/linearShape.js';
import { blockRowsOf, type WeightFormat } from './graphs/ops.js';
import { EMBEDDING_BYTES } from './head.js';
import { expertBytes, expertParts, PASSING_EXPERTS } from './expertPages.js';
import { expertLayers } from './experts.js';
import { layerBytes, layerParts, layersOfFew } from './pages.js';
import type { ImageSize } from './processor/image.js';
import type { ProcessedPrompt } from './processor/processor.js';
import { layerMatrices } from './products/few.js';
import { extraBytes } from './products/products.js';
import type { LanguageSpec, ModelSpec } from './spec.js';
import { tensorOf } from './stored.js';
import { hasPatchBias, passingVisionBytes, visionParts } from './vision.js';
import { frameTokens } from './visionShape.js';
import { bytesOfParts, commonFormat } from './weights.js';

/**
 * The process before any weight: Node with its threads, ONNX Runtime, sessions, tokenizer, and buffers on their way to
 * the collector. Measured with text 85 to 110 MB, with images and a probe's thread up to 150.
 */
export const BASE_BYTES = 160 << 20;
/** The head goes through in blocks of about this size. */
const HEAD_BLOCK_BYTES = 16 << 20;
/** Rows of a 16-bit matrix while they are fp32, and their copy. */
const WIDENED_BYTES = 12 << 20;
/** Results between the operators of one chunk: larger chunks are not faster, smaller ones lose to overhead. */
const MOST_ACTIVATION_BYTES = 128 << 20;
const LEAST_ACTIVATION_BYTES = 16 << 20;
/** What a chunk's results take in the graph that makes them, in units of their largest moment. */
const ACTIVATION_COPIES = 1.25;
/** Weights that are widened for good at the most: beyond that, twice the memory would gain nothing. */
const WIDE_BYTES = 1 << 30;
/** Products with few tokens run in one thread; the runtime's, slower in each, catch up beyond so many. */
const MOST_FEW_THREADS = 4;
/** Every graph may keep its results' memory for its next run; so much must be free for that. */
const ARENAS = 8;
/** Results in between of a small batch, in units of its keys, values and states. */
const RESULTS_SHARE = 0.5;
/** What any budget has room for: so many rows of so many slots, of which one probe of a short prompt takes half. */
const LEAST_ROWS = 8;
const LEAST_SLOTS = 128;

export interface MemoryPlan {
  /** The budget. */
  memory: number;
  threads: number;
  format: WeightFormat;
  /**
   * Weights are bf16, stay, and are also there for products with few tokens (`products/`): the same memory, or where
   * `format` is F32 copies of it.
   */
  few: boolean;
  /** Layers that stay in memory; the others are read at every pass. */
  residentLayers: number;
  /** Of weights in memory, for experts that stay: those used most. Infinity: all of them. */
  expertBytes: number;
  keepHead: boolean;
  headBlockRows: number;
  keepVision: boolean;
  activationBytes: number;
  /** Give memory back after every run of a graph rather than keep it for the next. */
  thrifty: boolean;
  /** What is needed whatever the batches: the process, weights, results in between. */
  fixedBytes: number;
  /** Of that, weights in memory. */
  weightBytes: number;
  /** For keys, values and states of a batch. */
  batchBytes: number;
  /** Bytes read from disk at every pass through the language layers and head. */
  streamedBytes: number;
  /** The least budget in which every weight stays in memory. */
  wholeBytes: number;
}

/** Half of the machine's memory. */
export function defaultMemory(): number {
  return Math.floor(totalmem() / 2);
}

/**
 * Fits the model into `memory` bytes.
 * @param batch bytes that the largest batch will take, where that is known: what it leaves goes to weights.
 * @throws `bad-request` when not even one layer at a time fits, with the least that would.
 */
export function planMemory(
  checkpoint: Checkpoint,
  spec: ModelSpec,
  memory = defaultMemory(),
  threads = availableParallelism(),
  batch?: number,
): MemoryPlan {
  if (!Number.isInteger(threads) || threads < 1)
    throw new FrankensteinError('bad-request', 'The number of threads must be a whole number of at least 1.');
  const { language } = spec;
  const sizes = sizesOf(checkpoint, spec);
  const { stored, weightsIn } = sizes;
  tensorOf(checkpoint, `${language.root}.norm.weight`);

  const base = BASE_BYTES + EMBEDDING_BYTES;
  const activationBytes = Math.max(
    LEAST_ACTIVATION_BYTES,
    Math.min(MOST_ACTIVATION_BYTES, Math.floor((memory - base) / 16)),
  );
  const least = batch ?? cacheBytes(language, LEAST_ROWS, LEAST_SLOTS);
  const whole = base + weightsIn(stored) + WIDENED_BYTES + (batch ?? Math.max(least, weightsIn(stored) / 3));
  const activationsOfWhole = Math.max(LEAST_ACTIVATION_BYTES, Math.min(MOST_ACTIVATION_BYTES, whole / 14));
  const budget: Budget = {
    spec,
    sizes,
    memory,
    threads,
    batch,
    base,
    activationBytes,
    least,
    wholeBytes: Math.ceil(whole + activationsFor(activationsOfWhole)),
  };
  return wholePlan(budget) ?? pagedExpertsPlan(budget) ?? streamingPlan(budget);
}

/** What a model's weights take. */
interface Sizes {
  /** The format in which they all lie on disk. */
  stored: WeightFormat;
  weightsIn: (format: WeightFormat) => number;
  /** Of them, all experts. */
  expertsIn: (format: WeightFormat) => number;
  /** Memory for the experts in use and on their way, as they are stored. */
  passingExperts: number;
  /** What a token's choice of experts reads at every pass when so many bytes of them stay, if all are as likely. */
  expertsRead: (kept: number) => number;
  headIn: (format: WeightFormat) => number;
  /** The tower's parts when nothing is kept. */
  passingVision: number;
}

function sizesOf(checkpoint: Checkpoint, { language, vision }: ModelSpec): Sizes {
  const { layers, vocabulary, layer, mlps } = language;
  const patchBias = vision !== undefined && hasPatchBias(checkpoint, vision);
  const tower = vision ? visionParts(vision, layer.hidden, patchBias) : [];
  const parts = Array.from({ length: layers }, (_, index) => layerParts(language, index)).flatMap(
    ({ projection, block }) => [...projection, ...block],
  );
  const routed = expertLayers(mlps);
  const stored = commonFormat(checkpoint, [
    ...parts,
    ...tower,
    ...routed.flatMap((index) => expertParts(checkpoint, language, index, 0).parts),
    { input: 'head', names: [language.head], dims: [vocabulary, layer.hidden] },
  ]);
  const headIn: Sizes['headIn'] = (format) => vocabulary * layer.hidden * (format === 'F32' ? 4 : 2);
  const { count = 0, chosen = 0 } = layer.experts ?? {};
  const expertsIn: Sizes['expertsIn'] = (format) => routed.length * count * expertBytes(language, format);
  return {
    stored,
    weightsIn: (format) =>
      bytesOfParts(parts, format) + headIn(format) + bytesOfParts(tower, format) + expertsIn(format),
    expertsIn,
    passingExperts: PASSING_EXPERTS * expertBytes(language, stored),
    expertsRead: (kept) =>
      routed.length === 0
        ? 0
        : Math.ceil(routed.length * chosen * expertBytes(language, stored) * Math.max(0, 1 - kept / expertsIn(stored))),
    headIn,
    passingVision: vision ? passingVisionBytes(vision, layer.hidden, patchBias, stored) : 0,
  };
}

/** What plans are made from. */
interface Budget extends Pick<MemoryPlan, 'memory' | 'threads' | 'activationBytes' | 'wholeBytes'> {
  spec: ModelSpec;
  sizes: Sizes;
  batch: number | undefined;
  /** Bytes of the process without weights. */
  base: number;
  /** Bytes that a batch needs at least. */
  least: number;
}

const activationsFor = (bytes: number) => ACTIVATION_COPIES * bytes;

/** Rows of the head at once where it stays. */
function keptHeadRows({ language: { vocabulary, layer } }: ModelSpec, format: WeightFormat): number {
  return format === 'F32' ? vocabulary : headRows(vocabulary, layer.hidden, 2);
}

/** Every weight stays in memory. Undefined where they do not fit. */
function wholePlan(budget: Budget): MemoryPlan | undefined {
  const { spec, sizes, memory, threads, batch, base, activationBytes, least, wholeBytes } = budget;
  for (const { format, few } of kindsOf(spec.language, sizes.stored, threads)) {
    if (format !== sizes.stored && sizes.weightsIn(format) > WIDE_BYTES) continue;
    const weights = sizes.weightsIn(format) + (few ? fewBytes(spec.language, format) : 0);
    const fixedBytes = base + activationsFor(activationBytes) + weights + (format === 'F32' ? 0 : WIDENED_BYTES);
    const left = memory - fixedBytes;
    // At least a quarter for the batch: without room for rows a model that stays is no faster than one that streams.
    if (left < (batch ?? Math.max(least, (left + weights) / 4))) continue;
    const thrifty = left < least + ARENAS * activationBytes;
    const batchBytes = Math.floor(thrifty ? left : left - (ARENAS - 1) * activationBytes);
    return {
      memory,
      threads,
      format,
      few,
      residentLayers: Infinity,
      expertBytes: Infinity,
      keepHead: true,
      headBlockRows: keptHeadRows(spec, format),
      keepVision: true,
      activationBytes,
      thrifty,
      fixedBytes: memory - batchBytes,
      weightBytes: weights,
      batchBytes,
      streamedBytes: 0,
      wholeBytes,
    };
  }
  return undefined;
}

/** All stays but experts, which get what the batch leaves. Undefined where there are none, or the rest does not fit. */
function pagedExpertsPlan(budget: Budget): MemoryPlan | undefined {
  const { spec, sizes, memory, threads, batch, base, activationBytes, least, wholeBytes } = budget;
  const { stored } = sizes;
  const experts = sizes.expertsIn(stored);
  if (experts === 0) return undefined;
  const weights = sizes.weightsIn(stored) - experts + sizes.passingExperts;
  const left = memory - base - activationsFor(activationBytes) - weights - (stored === 'F32' ? 0 : WIDENED_BYTES);
  const forBatch = batch ?? Math.max(least, left / 4);
  if (left < forBatch) return undefined;
  const kept = Math.floor(Math.min(experts, left - forBatch));
  const batchBytes = Math.floor(left - kept);
  return {
    memory,
    threads,
    format: stored,
    few: false,
    residentLayers: Infinity,
    expertBytes: kept,
    keepHead: true,
    headBlockRows: keptHeadRows(spec, stored),
    keepVision: true,
    activationBytes,
    thrifty: true,
    fixedBytes: memory - batchBytes,
    weightBytes: weights + kept,
    batchBytes,
    streamedBytes: sizes.expertsRead(kept),
    wholeBytes,
  };
}

/** Layers are read at every pass, but for those that fit. @throws `bad-request` when not even one at a time fits */
function streamingPlan(budget: Budget): MemoryPlan {
  const { spec, sizes, memory, threads, batch, base, activationBytes, least, wholeBytes } = budget;
  const { language } = spec;
  const { layers, vocabulary, layer } = language;
  const { stored } = sizes;
  // Where layers differ, memory and disk are counted as if all were like the largest.
  const perLayer = Math.max(...Array.from({ length: layers }, (_, index) => layerBytes(language, stored, index)));
  const rowBytes = stored === 'F32' ? 4 : 2;
  const headBlockRows = headRows(vocabulary, layer.hidden, rowBytes);
  // A layer in use and one on its way; the tower's parts and a block of the head have memory of their own.
  const working =
    2 * perLayer +
    sizes.passingExperts +
    headBlockRows * layer.hidden * rowBytes +
    sizes.passingVision +
    (stored === 'F32' ? 0 : WIDENED_BYTES);
  const minimum = base + activationsFor(LEAST_ACTIVATION_BYTES) + working + least;
  if (memory < minimum)
    throw new FrankensteinError(
      'bad-request',
      `The memory budget of ${megabytes(memory, Math.floor)} MiB is too small: ` +
        `one layer of this model at a time${batch === undefined ? '' : ', with a prompt of this length,'} needs at ` +
        `least ${megabytes(minimum)} MiB.`,
    );
  // What is named as enough is enough: results in between yield to the batch.
  const yielding = Math.min(activationBytes, Math.floor((memory - base - working - least) / ACTIVATION_COPIES));
  const free = memory - base - activationsFor(yielding) - working;
  const forBatch = batch ?? Math.max(least, free / 4);
  const residentLayers = Math.min(layers, Math.max(0, Math.floor((free - forBatch) / perLayer)));
  const batchBytes = Math.floor(free - residentLayers * perLayer);
  return {
    memory,
    threads,
    format: stored,
    few: false,
    residentLayers,
    expertBytes: 0,
    keepHead: false,
    headBlockRows,
    keepVision: false,
    activationBytes: yielding,
    thrifty: true,
    fixedBytes: memory - batchBytes,
    weightBytes: residentLayers * perLayer + working,
    batchBytes,
    streamedBytes: (layers - residentLayers) * perLayer + sizes.headIn(stored) + sizes.expertsRead(0),
    wholeBytes,
  };
}

/** How weights may stay, what is best first. */
function kindsOf(language: LanguageSpec, stored: WeightFormat, threads: number): Pick<MemoryPlan, 'format' | 'few'>[] {
  const fits = stored === 'BF16' && threads <= MOST_FEW_THREADS && layersOfFew(language).length > 0;
  return [...new Set<WeightFormat>(['F32', stored])].flatMap((format) =>
    (fits ? [true, false] : [false]).map((few) => ({ format, few })),
  );
}

/** Bytes that products with few tokens need beside weights in `format`. */
function fewBytes(language: LanguageSpec, format: WeightFormat): number {
  const { layer, vocabulary } = language;
  const own = layersOfFew(language).map(() => layerMatrices(layer));
  const all = [...own, [{ input: 'head', rows: vocabulary, columns: layer.hidden }]];
  const copies = format === 'F32' ? all.flat().reduce((sum, { rows, columns }) => sum + 2 * rows * columns, 0) : 0;
  return copies + all.reduce((sum, matrices) => sum + extraBytes(matrices), 0);
}

/** Rows of the head that are brought in at once. */
function headRows(vocabulary: number, hidden: number, bytes: number): number {
  const most = Math.max(1, Math.floor(HEAD_BLOCK_BYTES / (hidden * bytes)));
  const block = blockRowsOf(vocabulary, hidden);
  return Math.min(vocabulary, block > 0 ? Math.max(1, Math.floor(most / block)) * block : most);
}

function megabytes(bytes: number, round = Math.ceil): string {
  return round(bytes / 2 ** 20).toLocaleString('en-US');
}

/**
 * Bytes that a row of a batch takes: its cache, states in both buffers, queries, keys and values of the pass, mask and
 * logits.
 */
export function rowBytes({ language }: ModelSpec, promptTokens: number, newTokens: number): number {
  const { layer, vocabulary } = language;
  const mixed = layer.linear ? linearSizes(layer.linear).values : 0;
  // What a router gives: inputs, scores and numbers of experts, and these grouped by expert.
  const routed = layer.experts ? layer.hidden + 4 * layer.experts.chosen : 0;
  const perToken =
    4 * (3 * layer.hidden + (queryHeads(layer) + 2 * layer.kvHeads) * layer.headDim + layer.headDim + mixed + routed);
  const slots = Math.ceil((promptTokens + newTokens) * 1.25) + 32;
  return cacheBytes(language, 1, slots) + promptTokens * perToken + 4 * promptTokens * slots + 8 * vocabulary;
}

/** Bytes that one prompt takes, its images included: they are seen before there is a cache. */
export function promptBytes(
  spec: ModelSpec,
  { inputIds, images }: Pick<ProcessedPrompt, 'inputIds' | 'images'>,
  newTokens: number,
): number {
  const { patchValues = 0, width = 0 } = spec.vision ?? {};
  const pixels =
    4 * patchValues * images.reduce((sum, { grid: [times, rows, columns] }) => sum + times * rows * columns, 0);
  // Pixels in the tower's order, and states before and after a block with their queries, keys and values.
  const tokens = images.map(
    ({ grid: [times, rows, columns] }) => times * frameTokens(spec.vision ?? { square: null }, rows * columns),
  );
  const seeing = Math.max(0, ...tokens) * 4 * (patchValues + 5 * width);
  return pixels + Math.max(seeing, rowBytes(spec, inputIds.length, newTokens));
}

/** An image in the sentences of `checkRoom`. */
export function imageNamed(file: string, { width, height }: ImageSize): string {
  return `the image ${shown(file)} of ${thousands(width)} × ${thousands(height)} pixels`;
}

/** @throws `bad-request` when `bytes` are more than the plan has for a batch; `what` needs them. */
export function checkRoom(
  plan: Pick<MemoryPlan, 'memory' | 'fixedBytes' | 'batchBytes'>,
  bytes: number,
  what: string,
): void {
  if (bytes <= plan.batchBytes) return;
  throw new FrankensteinError(
    'bad-request',
    `The memory budget of ${megabytes(plan.memory, Math.floor)} MiB is too small for ${what}: ` +
      `it needs at least ${megabytes(plan.fixedBytes + bytes)} MiB.`,
  );
}

/** Bytes that the process will hold at the most, when its largest batch takes `batch`. */
export function neededBytes(
  { memory, fixedBytes, activationBytes, thrifty, batchBytes }: MemoryPlan,
  batch: number,
): number {
  const used = Math.min(batchBytes, batch);
  const results = Math.min(activationBytes, RESULTS_SHARE * used);
  const copies = ACTIVATION_COPIES + (thrifty ? 0 : ARENAS - 1);
  return Math.min(memory, Math.ceil(fixedBytes - copies * (activationBytes - results) + used));
}

/** How many rows of this length go through together. */
export function rowsAtOnce(spec: ModelSpec, plan: MemoryPlan, promptTokens: number, newTokens: number): number {
  return Math.max(1, Math.floor(plan.batchBytes / rowBytes(spec, promptTokens, newTokens)));
}
