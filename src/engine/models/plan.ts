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
import { fewInLayer, layerBytes, layerParts } from './pages.js';
import type { ImageSize } from './processor/image.js';
import type { ProcessedPrompt } from './processor/processor.js';
import { layerMatrices } from './products/few.js';
import { extraBytes } from './products/products.js';
import { type LanguageSpec, type ModelSpec, tensorOf } from './spec.js';
import { passingVisionBytes, visionParts } from './vision.js';
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
  const { language, vision } = spec;
  const { layers, vocabulary, layer } = language;
  const patchBias = vision !== undefined && checkpoint.tensors.has(`${vision.root}.patch_embed.proj.bias`);
  const tower = vision ? visionParts(vision, layer.hidden, patchBias) : [];
  const parts = Array.from({ length: layers }, (_, index) => layerParts(language, index)).flatMap(
    ({ projection, block }) => [...projection, ...block],
  );
  const stored = commonFormat(checkpoint, [
    ...parts,
    ...tower,
    { input: 'head', names: [language.head], dims: [vocabulary, layer.hidden] },
  ]);
  tensorOf(checkpoint, `${language.root}.norm.weight`);

  const base = BASE_BYTES + EMBEDDING_BYTES;
  const activationBytes = Math.max(
    LEAST_ACTIVATION_BYTES,
    Math.min(MOST_ACTIVATION_BYTES, Math.floor((memory - base) / 16)),
  );
  const activations = (bytes: number) => ACTIVATION_COPIES * bytes;
  const least = batch ?? cacheBytes(language, LEAST_ROWS, LEAST_SLOTS);
  const headBytes = (format: WeightFormat) => vocabulary * layer.hidden * (format === 'F32' ? 4 : 2);
  const weightsIn = (format: WeightFormat) =>
    bytesOfParts(parts, format) + headBytes(format) + bytesOfParts(tower, format);
  const whole = base + weightsIn(stored) + WIDENED_BYTES + (batch ?? Math.max(least, weightsIn(stored) / 3));
  const activationsOfWhole = Math.max(LEAST_ACTIVATION_BYTES, Math.min(MOST_ACTIVATION_BYTES, whole / 14));
  const wholeBytes = Math.ceil(whole + activations(activationsOfWhole));

  for (const { format, few } of kindsOf(language, stored, threads)) {
    if (format !== stored && weightsIn(format) > WIDE_BYTES) continue;
    const weights = weightsIn(format) + (few ? fewBytes(language, format) : 0);
    const fixedBytes = base + activations(activationBytes) + weights + (format === 'F32' ? 0 : WIDENED_BYTES);
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
      keepHead: true,
      headBlockRows: format === 'F32' ? vocabulary : headRows(vocabulary, layer.hidden, 2),
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
  // Where layers differ, memory and disk are counted as if all were like the largest.
  const perLayer = Math.max(...Array.from({ length: layers }, (_, index) => layerBytes(language, stored, index)));
  const rowBytes = stored === 'F32' ? 4 : 2;
  const headBlockRows = headRows(vocabulary, layer.hidden, rowBytes);
  // A layer in use and one on its way; the tower's parts and a block of the head have memory of their own.
  const working =
    2 * perLayer +
    headBlockRows * layer.hidden * rowBytes +
    (vision ? passingVisionBytes(vision, layer.hidden, patchBias, stored) : 0) +
    (stored === 'F32' ? 0 : WIDENED_BYTES);
  const minimum = base + activations(LEAST_ACTIVATION_BYTES) + working + least;
  if (memory < minimum)
    throw new FrankensteinError(
      'bad-request',
      `The memory budget of ${megabytes(memory, Math.floor)} MiB is too small: ` +
        `one layer of this model at a time${batch === undefined ? '' : ', with a prompt of this length,'} needs at ` +
        `least ${megabytes(minimum)} MiB.`,
    );
  // What is named as enough is enough: results in between yield to the batch.
  const yielding = Math.min(activationBytes, Math.floor((memory - base - working - least) / ACTIVATION_COPIES));
  const free = memory - base - activations(yielding) - working;
  const forBatch = batch ?? Math.max(least, free / 4);
  const residentLayers = Math.min(layers, Math.max(0, Math.floor((free - forBatch) / perLayer)));
  const batchBytes = Math.floor(free - residentLayers * perLayer);
  return {
    memory,
    threads,
    format: stored,
    few: false,
    residentLayers,
    keepHead: false,
    headBlockRows,
    keepVision: false,
    activationBytes: yielding,
    thrifty: true,
    fixedBytes: memory - batchBytes,
    weightBytes: residentLayers * perLayer + working,
    batchBytes,
    streamedBytes: (layers - residentLayers) * perLayer + headBytes(stored),
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

/** Layers that can be run for few tokens apart. */
function layersOfFew(language: LanguageSpec): number[] {
  return language.mixers.flatMap((_, layer) => (fewInLayer(language, layer) ? [layer] : []));
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
  const perToken =
    4 * (3 * layer.hidden + (queryHeads(layer) + 2 * layer.kvHeads) * layer.headDim + layer.headDim + mixed);
  const slots = Math.ceil((promptTokens + newTokens) * 1.25) + 32;
  return cacheBytes(language, 1, slots) + promptTokens * perToken + 4 * promptTokens * slots + 8 * vocabulary;
}

/** Bytes that one prompt takes, its images included: they are seen before there is a cache. */
export function promptBytes(
  spec: ModelSpec,
  { inputIds, images }: Pick<ProcessedPrompt, 'inputIds' | 'images'>,
  newTokens: number,
): number {
  const patches = images.map(({ grid: [times, rows, columns] }) => times * rows * columns);
  const { patchValues = 0, width = 0 } = spec.vision ?? {};
  const pixels = 4 * patchValues * patches.reduce((sum, count) => sum + count, 0);
  // Pixels in the tower's order, and states before and after a block with their queries, keys and values.
  const seeing = Math.max(0, ...patches) * 4 * (patchValues + 5 * width);
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
