/** What crosses between the engine's thread and the workers that take spectra: plain data. */
import type { MatrixSource } from './matrix.js';
import type { Overlap, Spectrum, SpectrumMode } from './result.js';

/** One matrix with its updates. */
export interface SpectrumJob {
  /** Per update, in lineage order. */
  sources: MatrixSource[];
  mode: SpectrumMode;
  /** Of the random directions; the same for a matrix in every run. */
  seed: number;
  threads: number;
  /** Bytes that it may hold at once. */
  memory: number;
}

export interface SpectrumOutcome {
  /** Per update: null where it could not be taken, and `skipped` says why. */
  spectra: (Spectrum | null)[];
  skipped: (string | null)[];
  /** Per pair of neighbouring updates. */
  overlaps: (Overlap | null)[];
  /** Per update: all ranks; null where there is no spectrum. */
  curves: (Curves | null)[];
}

/** Values at all min(rows, columns) ranks, largest first. */
export interface Curves {
  /** The first so many are computed, the others estimated. */
  known: number;
  values: Float64Array;
  /** What rounding alone would give, and its 95 % band. */
  floor: Float64Array;
  low: Float64Array;
  high: Float64Array;
}
