/**
 * What is summed over the elements of a tensor: partial sums that add up over pieces, and the figures made of them.
 * Sums are kept in float64 whatever the storage dtype.
 */
import type { Delta } from './result.js';

/** Sums over one stage's own finite elements. */
export interface StageSums {
  /** Σ w². */
  squares: number;
}

/** Sums over the elements that are finite in both stages of a pair. */
export interface PairSums {
  /** Σ Δ². */
  deltaSquares: number;
  /** Σ a², Σ b², Σ a·b of the earlier (a) and the later (b) stage. */
  aSquares: number;
  bSquares: number;
  dot: number;
  maxAbs: number;
  /** Elements with a ≠ b (by value: −0 equals 0). */
  changed: number;
  /** Σ ulp(b)² in b's storage dtype. */
  ulpSquares: number;
  /** Elements where a or b is NaN or ±Inf. */
  nonFinite: number;
}

export interface PartialSums {
  elements: number;
  stages: StageSums[];
  /** `pairs[i]` is stage i → i+1, unless other pairs were asked for. */
  pairs: PairSums[];
}

/**
 * Two of the stages that are summed together, the earlier one first; one stage twice where nothing lies between them.
 */
export type StagePair = readonly [earlier: number, later: number];

/** Each stage and the next: what a comparison asks for. */
export function neighbours(stages: number): StagePair[] {
  return Array.from({ length: stages - 1 }, (_, index) => [index, index + 1]);
}

/** Adds `from` into `into`. */
export function addSums(into: PartialSums, from: PartialSums): void {
  into.elements += from.elements;
  into.stages.forEach((sums, index) => (sums.squares += from.stages[index]!.squares));
  into.pairs.forEach((sums, index) => addPair(sums, from.pairs[index]!));
}

/** The same of one pair. */
export function addPair(into: PairSums, from: PairSums): void {
  into.deltaSquares += from.deltaSquares;
  into.aSquares += from.aSquares;
  into.bSquares += from.bSquares;
  into.dot += from.dot;
  into.maxAbs = Math.max(into.maxAbs, from.maxAbs);
  into.changed += from.changed;
  into.ulpSquares += from.ulpSquares;
  into.nonFinite += from.nonFinite;
}

export function emptySums(stages: number, pairs = stages - 1): PartialSums {
  return {
    elements: 0,
    stages: Array.from({ length: stages }, () => ({ squares: 0 })),
    pairs: Array.from({ length: pairs }, emptyPair),
  };
}

export function emptyPair(): PairSums {
  return { deltaSquares: 0, aSquares: 0, bSquares: 0, dot: 0, maxAbs: 0, changed: 0, ulpSquares: 0, nonFinite: 0 };
}

/**
 * A number for JSON: null where it has no finite value. Norms of finite weights can exceed float64 only for
 * float64 checkpoints with entries above 1e154.
 */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Rounding error is uniform over one ulp: variance ulp²/12. */
const UNIFORM_VARIANCE = 1 / 12;

/** Never infinite: only float64 weights above 1e169 get that far, and JSON has no infinity. */
export function roundingFloor(ulpSquares: number): number {
  return Math.min(Math.sqrt(ulpSquares * UNIFORM_VARIANCE), Number.MAX_VALUE);
}

/** Smaller float64 lose bits. */
const LEAST_NORMAL = 2 ** -1022;

/** Cosine from the three sums; null when either vector is zero. Clamped: rounding may leave it a hair outside ±1. */
export function cosineOf(dot: number, aSquares: number, bSquares: number): number | null {
  const product = aSquares * bSquares;
  // The root of a square is exact: what did not change has a cosine of 1. Roots of each keep in range what the product
  // does not.
  const isPlain = Number.isFinite(product) && product >= LEAST_NORMAL;
  const norms = isPlain ? Math.sqrt(product) : Math.sqrt(aSquares) * Math.sqrt(bSquares);
  return norms > 0 ? finite(Math.min(1, Math.max(-1, dot / norms))) : null;
}

/**
 * The figures of one tensor and stage pair.
 * @param isSame whether both stages have the very same tensor: that its Δ is zero is known, and owes nothing to
 * storage.
 */
export function deltaOf(sums: PairSums, elements: number, isSame = false): Delta {
  const fro = Math.sqrt(sums.deltaSquares);
  const counted = elements - sums.nonFinite;
  return {
    fro: finite(fro),
    relative: sums.aSquares > 0 ? finite(fro / Math.sqrt(sums.aSquares)) : null,
    cosine: cosineOf(sums.dot, sums.aSquares, sums.bSquares),
    maxAbs: finite(sums.maxAbs),
    changed: counted > 0 ? sums.changed / counted : null,
    changedCount: sums.changed,
    floor: isSame ? 0 : roundingFloor(sums.ulpSquares),
    nonFinite: sums.nonFinite,
  };
}
