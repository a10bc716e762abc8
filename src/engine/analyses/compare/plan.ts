/** The plan of a comparison: which pieces are read, how large they may be, and what that costs. */
import { availableParallelism } from 'node:os';
import { COMPUTING_BYTES } from '../../tensors/computed.js';
import { FrankensteinError } from '../../errors.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { BASE_BYTES, DEFAULT_MEMORY } from '../../runtime/budget.js';
import type { AlignedTensor, Segment } from '../../lineage/align.js';
import { sourceOf } from './exact.js';
import type { Piece } from './piece.js';
import { ROW } from './kernel.js';

/** Bytes that one engine may hold. Mapped file pages count: they are what grows. */
export interface Budget {
  memory: number;
  threads: number;
  /** Bytes of one piece over all its stages. */
  pieceBytes: number;
}

/** A worker's own heap and the temporaries of its graph or float64 loop (measured: 14 to 40 MB), of stored tensors. */
const WORKER_BYTES = 48 << 20;
/** Larger pieces are not faster: a session costs about 1 ms, 64 MiB take 25. */
const MAX_PIECE_BYTES = 64 << 20;
const MIN_PIECE_BYTES = 4 << 20;

/**
 * Fits threads and piece size into the memory asked for.
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
  const minimum = BASE_BYTES + workerBytes + MIN_PIECE_BYTES;
  if (!(memory >= minimum)) {
    throw new FrankensteinError(
      'bad-request',
      `The memory budget is too small: comparing needs at least ${Math.ceil(minimum / 2 ** 20)} MiB.`,
    );
  }
  if (!Number.isInteger(threads) || threads < 1) {
    throw new FrankensteinError('bad-request', 'The number of threads must be a whole number of at least 1.');
  }
  const fitting = Math.floor((memory - BASE_BYTES) / (workerBytes + MIN_PIECE_BYTES));
  const used = Math.min(threads, fitting);
  const pieceBytes = Math.min(MAX_PIECE_BYTES, Math.floor((memory - BASE_BYTES) / used) - workerBytes);
  return { memory, threads: used, pieceBytes };
}

/** A segment of a tensor, cut into pieces. */
export interface Task {
  tensor: AlignedTensor;
  segment: Segment;
  pieces: Piece[];
  bytes: number;
}

export function planTasks(tensors: readonly AlignedTensor[], budget: Budget): Task[] {
  return tensors.flatMap((tensor) =>
    tensor.segments.map((segment): Task => {
      const { size } = segment.stored[0]!;
      const widths = segment.stored.map((stored) => DTYPE_BYTES[stored.dtype]);
      const bytesPerElement = widths.reduce((sum, width) => sum + width, 0);
      const step = Math.floor(budget.pieceBytes / bytesPerElement / ROW) * ROW;
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
