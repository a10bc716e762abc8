/** Leading directions of the updates of one matrix, and how far they are those of the last step. Runs in a worker. */
import { shown } from '../../checkpoint/failure.js';
import { readRange } from '../../checkpoint/read.js';
import { FrankensteinError } from '../../errors.js';
import { leadingDirections } from '../spectrum/fast/fast.js';
import { factorsOf, lowRankSpectrum } from '../spectrum/lowRank.js';
import type { MatrixSource } from '../spectrum/matrix.js';
import { DIRECTIONS } from './result.js';

/** Right singular vectors in a file, float32, one after the other. */
export interface VectorsSpan {
  file: string;
  /** First number, and how many vectors. */
  first: number;
  count: number;
}

/** A step of one matrix: its update, or what was computed of it before. */
export type TrackedStep = { source: MatrixSource; vectors?: undefined } | { source?: undefined; vectors: VectorsSpan };

export interface TrackJob {
  columns: number;
  steps: TrackedStep[];
  /** Of the last step; null where that is the only one of this job. */
  last: Float32Array | null;
  /** Of the random directions; the same for a matrix in every run. */
  seed: number;
  threads: number;
  /** Bytes that it may hold at once. */
  memory: number;
}

export interface TrackedUpdate {
  /** The first K singular values, fewer where there are fewer. */
  values: number[];
  /** ‖Δ‖_F²; null where an element is NaN or infinite. */
  squares: number | null;
  /** As many right singular vectors, one after the other. */
  vectors: Float32Array;
}

export interface TrackOutcome {
  /** Per step: null of one that came as vectors. */
  updates: (TrackedUpdate | null)[];
  /** Sim_K with the last step; null where either has no direction. */
  similarity: (number | null)[];
}

/** @throws as `readElements`. `progress` gets the fraction of the job that is done, 0…1. */
export async function trackDirections(job: TrackJob, progress: (fraction: number) => void): Promise<TrackOutcome> {
  const outcome: TrackOutcome = { updates: [], similarity: [] };
  for (const [index, step] of job.steps.entries()) {
    const update = step.source === undefined ? null : await updateOf(step.source, job);
    const vectors = update?.vectors ?? (await readVectors(step.vectors!, job.columns));
    outcome.updates.push(update);
    outcome.similarity.push(similarityOf(vectors, job.last ?? vectors, job.columns));
    progress((index + 1) / job.steps.length);
  }
  return outcome;
}

async function updateOf(source: MatrixSource, { seed, threads, memory }: TrackJob): Promise<TrackedUpdate> {
  const terms = factorsOf(source);
  const factored = terms && (await lowRankSpectrum(source, terms, DIRECTIONS));
  if (factored !== undefined) {
    const { values, subspace } = factored;
    return {
      values: Array.from(subspace.values),
      squares: values.reduce((sum, value) => sum + value * value, 0),
      vectors: Float32Array.from(subspace.right),
    };
  }
  const { subspace, squares } = await leadingDirections(source, DIRECTIONS, { seed, threads, memory });
  return { values: Array.from(subspace.values), squares, vectors: Float32Array.from(subspace.right) };
}

/**
 * ‖V_aᵀV_b‖_F²/k of the first k right singular vectors, k = the fewer that either has: the mean squared cosine of the
 * principal angles between them. Null where k is 0.
 */
export function similarityOf(a: Float32Array, b: Float32Array, columns: number): number | null {
  const k = Math.min(a.length, b.length) / columns;
  if (k === 0) return null;
  let sum = 0;
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) {
      let dot = 0;
      for (let at = 0; at < columns; at++) dot += a[i * columns + at]! * b[j * columns + at]!;
      sum += dot * dot;
    }
  return Math.min(1, sum / k);
}

/** Vectors that were stored. @throws `not-found` when the file is gone or cut off */
export async function readVectors({ file, first, count }: VectorsSpan, columns: number): Promise<Float32Array> {
  const width = Float32Array.BYTES_PER_ELEMENT;
  const bytes = await readRange(file, first * width, (first + count * columns) * width).catch((error: unknown) => {
    throw new FrankensteinError(
      'not-found',
      `The directions of this run are no longer whole: ${shown(file)} was changed or removed. Delete ` +
        'the run and start it again.',
      { cause: error },
    );
  });
  return new Float32Array(bytes.slice().buffer);
}
