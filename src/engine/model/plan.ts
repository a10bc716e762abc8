/**
 * How a model fits a memory budget: which weights stay, in which format, what is left for the cache and for results in
 * between. Decided before anything is read, and part of what a run is estimated by.
 */
import { availableParallelism, totalmem } from 'node:os';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { FrankensteinError } from '../errors.js';
import { cacheBytes } from './cache.js';
import type { WeightFormat } from './graphs/ops.js';
import { layerBytes, layerParts } from './pages.js';
import { type ModelSpec, tensorOf } from './spec.js';
import { largestVisionPart, visionParts } from './vision.js';
import { bytesOfParts, commonFormat } from './weights.js';

/** Node, V8 and ONNX Runtime with the graphs' sessions, and buffers on their way to the collector, before any weight. Measured: 150 to 180 MB. */
const BASE_BYTES = 176 << 20;
/** The head goes through in blocks of this size when it does not stay, or when it has to be widened. */
const HEAD_BLOCK_BYTES = 16 << 20;
/** A 16-bit block exists as bits, as a copy of them and as fp32 while it is used. */
const WIDENED_COPIES = 4;
/** Results between the operators of one chunk: larger chunks are not faster, smaller ones lose to overhead. */
const MOST_ACTIVATION_BYTES = 128 << 20;
const LEAST_ACTIVATION_BYTES = 16 << 20;
/** A chunk's results live once in the graph that makes them, and the runtime keeps as much for the next run. */
const ACTIVATION_COPIES = 2;

export interface MemoryPlan {
  memory: number;
  threads: number;
  format: WeightFormat;
  /** Layers that stay in memory; the others are read at every pass. */
  keptLayers: number;
  keepHead: boolean;
  headBlockRows: number;
  keepVision: boolean;
  activationBytes: number;
  /** For keys, values and states of a batch. */
  batchBytes: number;
  /** Bytes of weights in memory at the most. */
  weightBytes: number;
  /** Bytes read from disk at every pass through the language layers and head. */
  streamedBytes: number;
}

/** Half of the machine's memory. */
export function defaultMemory(): number {
  return Math.floor(totalmem() / 2);
}

/**
 * Fits the model into `memory` bytes.
 * @throws `bad-request` when not even one layer at a time fits, with the least that would.
 */
export function planMemory(checkpoint: Checkpoint, spec: ModelSpec, memory = defaultMemory(), threads = availableParallelism()): MemoryPlan {
  if (!Number.isInteger(threads) || threads < 1) throw new FrankensteinError('bad-request', 'The number of threads must be a whole number of at least 1.');
  const { language, vision } = spec;
  const { layers, vocabulary, layer } = language;
  const patchBias = vision !== undefined && checkpoint.tensors.has(`${vision.root}.patch_embed.proj.bias`);
  const tower = vision ? visionParts(vision, layer.hidden, patchBias) : [];
  const parts = Array.from({ length: layers }, (_, index) => layerParts(language, index)).flatMap(({ projection, block }) => [...projection, ...block]);
  const stored = commonFormat(checkpoint, [...parts, ...tower, { input: 'head', names: [language.head], dims: [vocabulary, layer.hidden] }]);
  tensorOf(checkpoint, `${language.root}.norm.weight`);

  const least = BASE_BYTES + ACTIVATION_COPIES * LEAST_ACTIVATION_BYTES;
  const activationBytes = Math.max(LEAST_ACTIVATION_BYTES, Math.min(MOST_ACTIVATION_BYTES, Math.floor((memory - BASE_BYTES) / 16)));
  const free = memory - BASE_BYTES - ACTIVATION_COPIES * activationBytes;
  const oneRow = cacheBytes({ layers, kvHeads: layer.kvHeads, headDim: layer.headDim }, 1, 512);
  const batchOf = (left: number) => Math.max(oneRow, Math.floor(left));
  const headBytes = (format: WeightFormat) => vocabulary * layer.hidden * (format === 'F32' ? 4 : 2);

  for (const format of new Set<WeightFormat>(['F32', stored])) {
    const weightBytes = layers * layerBytes(language, format) + headBytes(format) + bytesOfParts(tower, format);
    const widened = format === 'F32' ? 0 : Math.max(largestWidened(spec), WIDENED_COPIES * HEAD_BLOCK_BYTES);
    const headBlockRows = format === 'F32' ? vocabulary : blockRows(vocabulary, layer.hidden * 2);
    const left = free - weightBytes - widened;
    // At least a quarter for the batch: without room for rows a model that stays is no faster than one that streams.
    if (left >= Math.max(oneRow, free / 4)) {
      return { memory, threads, format, keptLayers: Infinity, keepHead: true, headBlockRows, keepVision: true, activationBytes, batchBytes: batchOf(left), weightBytes, streamedBytes: 0 };
    }
  }
  const perLayer = layerBytes(language, stored);
  const rowBytes = layer.hidden * (stored === 'F32' ? 4 : 2);
  const headBlockRows = blockRows(vocabulary, rowBytes);
  // A layer in use and one on its way; vision and head are never in memory together with them, but garbage is.
  const working = Math.max(3 * perLayer, WIDENED_COPIES * headBlockRows * rowBytes, vision ? 2 * largestVisionPart(vision, layer.hidden, stored) : 0) + (stored === 'F32' ? 0 : largestWidened(spec));
  const batchBytes = batchOf((free - working) / 4);
  const keptLayers = Math.floor((free - working - batchBytes) / perLayer);
  if (keptLayers < 0) {
    const minimum = least + working + oneRow;
    throw new FrankensteinError('bad-request', `The memory budget of ${megabytes(memory)} MiB is too small: one layer of this model at a time needs at least ${megabytes(minimum)} MiB.`);
  }
  const kept = Math.min(keptLayers, layers);
  return {
    memory, threads, format: stored, keptLayers: kept, keepHead: false, headBlockRows, keepVision: false, activationBytes, batchBytes,
    weightBytes: kept * perLayer + working,
    streamedBytes: (layers - kept) * perLayer + headBytes(stored),
  };
}

function blockRows(vocabulary: number, rowBytes: number): number {
  return Math.min(vocabulary, Math.max(1, Math.floor(HEAD_BLOCK_BYTES / rowBytes)));
}

/** Bytes of the largest matrices that exist as fp32 while a 16-bit layer is computed. */
function largestWidened({ language: { layer } }: ModelSpec): number {
  return 4 * layer.hidden * 3 * layer.inner;
}

function megabytes(bytes: number): string {
  return Math.ceil(bytes / 2 ** 20).toLocaleString('en-US');
}

/** Bytes that a row of a batch takes beside the cache: states in both buffers, queries, keys and values of the pass. */
export function rowBytes({ language: { layer, layers } }: ModelSpec, promptTokens: number, newTokens: number): number {
  const perToken = 4 * (3 * layer.hidden + (layer.heads + 2 * layer.kvHeads) * layer.headDim + layer.headDim);
  const slots = Math.ceil((promptTokens + newTokens) * 1.25) + 32;
  return cacheBytes({ layers, kvHeads: layer.kvHeads, headDim: layer.headDim }, 1, slots) + promptTokens * perToken + 4 * promptTokens * slots;
}

/** How many rows of this length go through together. */
export function rowsAtOnce(spec: ModelSpec, plan: MemoryPlan, promptTokens: number, newTokens: number): number {
  return Math.max(1, Math.floor(plan.batchBytes / rowBytes(spec, promptTokens, newTokens)));
}
