/**
 * What the spectrum of one update costs: the one definition that plan, schedule and choice of mode go by. Operations are
 * counted in float64 products; what runs at another speed is weighed by its speed against theirs.
 */
import { exactBytes, exactBytesAtEase } from './exact/exact.js';
import { fastBytes, fastBytesAtEase } from './fast/fast.js';
import { lowRankBytes } from './lowRank.js';
import type { SpectrumMode } from './result.js';

/** Above this, over all matrices and updates, a run is fast unless it is told to be exact: some minutes on two cores. */
export const EXACT_LIMIT = 5e12;

/** One operation outside of products, against one in them (measured: 1 to 30 G/s). */
const SCALAR = 20;
/** One operation in fp32 products, against one in float64. */
const SINGLE = 0.5;
/** Work of any matrix, however small: sessions and messages. */
const LEAST = 2e6;

/** Gram matrix or QR of the long side, reduction to a band, and the band. */
export function exactOperations(rows: number, columns: number): number {
  const [short, long] = rows < columns ? [rows, columns] : [columns, rows];
  return LEAST + short ** 2 * long + (8 / 3) * short ** 3 + SCALAR * 500 * short ** 2;
}

/** Vectors that Δ is multiplied with, from either side. */
const FAST_VECTORS = 512;

/** Products with Δ; the leading directions alone cost as much. */
export function fastOperations(rows: number, columns: number): number {
  return LEAST + SINGLE * 2 * rows * columns * FAST_VECTORS + SCALAR * (rows + columns) * FAST_VECTORS;
}

/** QR of both factors of an update that is known as a product. */
function factoredOperations(rows: number, columns: number, rank: number): number {
  return LEAST + SCALAR * 4 * rank ** 2 * (rows + columns);
}

/** What the cost of a matrix depends on; `rank` as in `Matrix`. */
export interface Measures {
  part: { rows: number; columns: number };
  rank: number | null;
}

/** Of all updates of a matrix. Exact values come without directions, which are asked for where there are two updates. */
export function operationsOf({ part: { rows, columns }, rank }: Measures, mode: SpectrumMode, updates: number): number {
  if (rank !== null) return updates * factoredOperations(rows, columns, rank);
  const directions = updates > 1 ? fastOperations(rows, columns) : 0;
  return updates * (mode === 'exact' ? exactOperations(rows, columns) + directions : fastOperations(rows, columns));
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
  return { least: Math.max(exactBytes(rows, columns), fast.least), ease: Math.max(exactBytesAtEase(rows, columns), fast.ease) };
}
