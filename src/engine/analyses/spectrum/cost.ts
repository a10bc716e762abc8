/**
 * What the spectrum of one update costs: the one definition that plan, schedule and choice of mode go by. The unit is
 * an operation of a float64 product; what else is done counts for as many of them as take its time. The factors are
 * fits to processor seconds of shapes from 64 × 64 to 2048 × 2048 and 1024 × 8192, where products ran at 14 G/s.
 */
import { exactBytes, exactBytesAtEase } from './exact/exact.js';
import { fastBytes, fastBytesAtEase } from './fast/fast.js';
import { lowRankBytes } from './lowRank.js';
import type { SpectrumMode } from './result.js';

/**
 * Above this, over all matrices and updates, a run is fast unless it is told to be exact: some minutes on two cores.
 */
export const EXACT_LIMIT = 5e12;

/** Sessions, messages, a line of the journal. */
const LEAST = 2e8;

/**
 * Gram matrix or QR of the long side and reduction to a band; then the band, in which the processor waits for memory.
 */
export function exactOperations(rows: number, columns: number): number {
  const [short, long] = rows < columns ? [rows, columns] : [columns, rows];
  return LEAST + 0.8 * short ** 2 * long + 2200 * short ** 2;
}

/** Dimensions of the space that an estimate, or the leading directions, come from. */
const DIMENSIONS = 256;

/** Reading an element of Δ again for one product (measured: 5.5 ns, where float64 products run at 50 G/s). */
const READING = 275;
/** Products of a whole space with Δ. */
const READINGS = 16;

/**
 * Products with Δ from either side, in fp32 at twice the speed, and the eigenvectors of a small matrix. Where `memory`
 * does not hold Δ, it is read again for every product.
 */
export function fastOperations(rows: number, columns: number, memory = Infinity): number {
  const size = Math.min(rows, columns, DIMENSIONS);
  const reading = fastBytesAtEase(rows, columns) > memory ? READINGS * READING : 0;
  return LEAST + (2 * size + reading) * rows * columns + 2.8e9 * (size / DIMENSIONS) ** 3;
}

/** Elements that the rounding floor is told from, at most. */
const FLOOR_SAMPLE = 1 << 21;

function floorOperations(rows: number, columns: number): number {
  return LEAST + 2000 * Math.min(rows * columns, FLOOR_SAMPLE);
}

/** QR of both factors of an update that is known as a product, by a plain loop. */
function factoredOperations(rows: number, columns: number, rank: number): number {
  return LEAST + 80 * rank ** 2 * (rows + columns);
}

/** What the cost of a matrix depends on; `rank` as in `Matrix`. */
export interface Measures {
  part: { rows: number; columns: number };
  rank: number | null;
}

/**
 * Of all updates of a matrix. Exact values come without directions, which are asked for where there are two updates.
 */
export function operationsOf({ part: { rows, columns }, rank }: Measures, mode: SpectrumMode, updates: number): number {
  if (rank !== null) return updates * factoredOperations(rows, columns, rank);
  const directions = updates > 1 ? fastOperations(rows, columns) : 0;
  const values = mode === 'exact' ? exactOperations(rows, columns) + directions : fastOperations(rows, columns);
  return updates * (values + floorOperations(rows, columns));
}

/** Bytes: the least that a matrix is taken with, and those with which no weight is read twice. */
export interface Memory {
  least: number;
  ease: number;
}

export function memoryOf({ part: { rows, columns }, rank }: Measures, mode: SpectrumMode): Memory {
  if (rank !== null) return { least: lowRankBytes(rows, columns, rank), ease: lowRankBytes(rows, columns, rank) };
  const fast = { least: fastBytes(rows, columns), ease: fastBytesAtEase(rows, columns) };
  if (mode === 'fast') return fast;
  // All values first, the leading directions after them.
  return {
    least: Math.max(exactBytes(rows, columns), fast.least),
    ease: Math.max(exactBytesAtEase(rows, columns), fast.ease),
  };
}
