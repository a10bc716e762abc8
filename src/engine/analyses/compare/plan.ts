/** The plan of a comparison: which pieces are read, how large they may be, and what that costs. */
import { availableParallelism } from 'node:os';
import { COMPUTING_BYTES } from '../../tensors/computed.js';
import { FrankensteinError } from '../../errors.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { BASE_BYTES, DEFAULT_MEMORY } from '../../runtime/budget.js';
import type { AlignedTensor, Segment } from '../../lineage/align.js';
import { type Piece, sourceOf } from './sums.js';

/** What one engine may take. */
export interface Budget {
  /** Bytes. */
  memory: number;
  threads: number;
}

/** A worker's own heap, its blocks and what reading odd dtypes takes. Nothing of it grows with the tensors. */
const WORKER_BYTES = 48 << 20;
/**
 * Bytes of a piece, over all its stages: long enough that handing it out costs nothing, short enough that threads end
 * together. The same for every budget, since sums are added piece by piece.
 */
const PIECE_BYTES = 16 << 20;
/** Pieces that are handed out together, where they are small. */
const MOST_PIECES = 512;
/** Elements of a piece come in multiples of this many. */
const ROW = 1024;

/**
 * Fits threads into the memory asked for.
 * @throws `bad-request` when not even one worker fits, with the minimum.
 */
export function budgetFor(
  tensors: readonly AlignedTensor[],
  memory = DEFAULT_MEMORY,
  threads = availableParallelism(),
): Budget {
  const computes = tensors.some(({ segments }) =>
    segments.some(({ stored }) => stored.some(({ expression }) => expression !== undefined)),
  );
  const workerBytes = computes ? COMPUTING_BYTES : WORKER_BYTES;
  const minimum = BASE_BYTES + workerBytes;
  if (!(memory >= minimum)) {
    throw new FrankensteinError(
      'bad-request',
      `The memory budget is too small: comparing needs at least ${Math.ceil(minimum / 2 ** 20)} MiB.`,
    );
  }
  if (!Number.isInteger(threads) || threads < 1) {
    throw new FrankensteinError('bad-request', 'The number of threads must be a whole number of at least 1.');
  }
  return { memory, threads: Math.min(threads, Math.floor((memory - BASE_BYTES) / workerBytes)) };
}

/** A segment of a tensor, cut into pieces. */
export interface Task {
  tensor: AlignedTensor;
  segment: Segment;
  pieces: Piece[];
  bytes: number;
}

export function planTasks(tensors: readonly AlignedTensor[]): Task[] {
  return tensors.flatMap((tensor) =>
    tensor.segments.map((segment): Task => {
      const { size } = segment.stored[0]!;
      const widths = segment.stored.map((stored) => DTYPE_BYTES[stored.dtype]);
      const bytesPerElement = widths.reduce((sum, width) => sum + width, 0);
      const step = stepFor(bytesPerElement);
      const pieces: Piece[] = [];
      for (let start = 0; start < size; start += step) {
        pieces.push({
          sources: segment.stored.map((tensor) => sourceOf(tensor, start)),
          elements: Math.min(step, size - start),
        });
      }
      return { tensor, segment, pieces, bytes: size * bytesPerElement };
    }),
  );
}

/** Elements of a piece, whose bytes in all stages are so many. */
export function stepFor(bytesPerElement: number): number {
  return Math.max(1, Math.floor(PIECE_BYTES / bytesPerElement / ROW)) * ROW;
}

/** Items that a thread gets at once, in their order: one piece of usual size, or many small ones. */
export function batched<Item extends { piece: Piece }>(items: readonly Item[]): Item[][] {
  const batches: Item[][] = [];
  let [batch, bytes]: [Item[], number] = [[], 0];
  for (const item of items) {
    const own = bytesOf(item.piece);
    if (batch.length > 0 && (bytes + own > PIECE_BYTES || batch.length >= MOST_PIECES)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(item);
    bytes += own;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** Bytes of a piece in all its stages. */
export function bytesOf({ sources, elements }: Piece): number {
  return sources.reduce((sum, { dtype }) => sum + DTYPE_BYTES[dtype], 0) * elements;
}
