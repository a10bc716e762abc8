/** The spectra of one matrix: all its updates, one after the other. Runs in a worker. */
import { thousands } from '../../checkpoint/failure.js';
import { exactErrors } from './exactError.js';
import { exactValues } from './exact/exact.js';
import { fastSpectrum, topSubspace, type FastOptions } from './fast/fast.js';
import { correctedOf, dominatedBy, isLikeTheFit } from './floor/corrected.js';
import { floorOf, noFloor, type RoundingFloor } from './floor/floor.js';
import type { Curves, SpectrumJob, SpectrumOutcome } from './job.js';
import { factorsOf, lowRankSpectrum } from './lowRank.js';
import { type MatrixSource, readDelta } from './matrix.js';
import { type MeasuredSpectrum, metricsOf } from './metrics.js';
import { SUBSPACE, TOP, type Spectrum, type SpectrumMode } from './result.js';
import { overlapOf, type Subspace } from './subspace.js';

/** `progress` gets the fraction of the work that is done, 0…1. */
export async function computeSpectra(
  { sources, mode, seed, threads, memory }: SpectrumJob,
  progress: (fraction: number) => void,
): Promise<SpectrumOutcome> {
  const outcome: SpectrumOutcome = { spectra: [], skipped: [], overlaps: [], curves: [] };
  let before: Subspace | null = null;
  for (const [index, source] of sources.entries()) {
    const options = {
      threads,
      memory,
      seed,
      onProgress: (fraction: number) => progress((index + fraction) / sources.length),
    };
    const taken =
      (await takeFactored(source)) ??
      (await (mode === 'exact' ? takeExact(source, options, sources.length > 1) : takeFast(source, options)));
    const isWhole = taken.nonFinite === 0;
    const { spectrum, curves } = isWhole
      ? besideFloor(taken, taken.isStored ? await floorOf(source, { seed }) : noFloor(taken.metrics.count))
      : { spectrum: null, curves: null };
    outcome.spectra.push(spectrum);
    outcome.curves.push(curves);
    outcome.skipped.push(isWhole ? null : nonFiniteSentence(taken.nonFinite, source));
    const subspace = isWhole ? taken.subspace : null;
    if (index > 0) outcome.overlaps.push(before && subspace && overlapOf(before, subspace));
    before = subspace;
  }
  return outcome;
}

interface Taken {
  mode: SpectrumMode;
  metrics: MeasuredSpectrum;
  error: Spectrum['error'];
  /** All of them, largest first; the first `known` are computed, the rest estimated. */
  values: Float64Array;
  known: number;
  subspace: Subspace | null;
  /** Elements of Δ that are NaN or infinite. */
  nonFinite: number;
  /** False where it is known without rounding: as factors. */
  isStored: boolean;
}

/** Undefined where the update is not known as factors, or these are not finite. */
async function takeFactored(source: MatrixSource): Promise<Taken | undefined> {
  const terms = factorsOf(source);
  const spectrum = terms && (await lowRankSpectrum(source, terms, SUBSPACE));
  if (spectrum === undefined) return undefined;
  const { values, subspace } = spectrum;
  const metrics = metricsOf(values);
  return {
    mode: 'exact',
    metrics,
    error: exactErrors(metrics, metrics.count),
    values,
    known: values.length,
    subspace,
    nonFinite: 0,
    isStored: false,
  };
}

async function takeFast(source: MatrixSource, options: FastOptions): Promise<Taken> {
  const { values, known, error, subspace, nonFinite, ...metrics } = await fastSpectrum(source, options);
  return { mode: 'fast', metrics, error, values, known, subspace, nonFinite, isStored: true };
}

async function takeExact(source: MatrixSource, options: FastOptions, withDirections: boolean): Promise<Taken> {
  const { values, nonFinite } = await exactValues(source, options);
  const metrics = metricsOf(values);
  const isWhole = nonFinite === 0;
  return {
    mode: 'exact',
    metrics,
    error: exactErrors(metrics, metrics.count),
    values,
    known: values.length,
    subspace:
      withDirections && isWhole ? await topSubspace(source, SUBSPACE, { ...options, onProgress: undefined }) : null,
    nonFinite: isWhole ? 0 : await countNonFinite(source),
    isStored: true,
  };
}

/** What rounding alone would give, and what that leaves of the metrics. */
function besideFloor(
  { mode, metrics, error, values, known }: Taken,
  rounding: RoundingFloor,
): { spectrum: Spectrum; curves: Curves } {
  const measured = { mode, ...metrics, singularValues: Array.from(values.subarray(0, TOP)) };
  const corrected = correctedOf(values.subarray(0, known), metrics.fro, metrics.count, rounding);
  return {
    spectrum: {
      ...measured,
      floor: rounding.floor,
      error,
      dominated: dominatedBy(measured, rounding),
      corrected,
      uncorrected:
        corrected !== null ? null : metrics.spectral === 0 ? 'unchanged' : isLikeTheFit(rounding) ? 'floor' : 'misfit',
    },
    curves: { known, values, floor: rounding.values, low: rounding.low, high: rounding.high },
  };
}

/** Elements read at once to count. */
const COUNTED = 1 << 20;

/** The computation stops at the first that it meets. */
async function countNonFinite(source: MatrixSource): Promise<number> {
  const step = Math.max(1, Math.floor(COUNTED / source.columns));
  const values = new Float64Array(step * source.columns);
  let count = 0;
  for (let row = 0; row < source.rows; row += step)
    count += await readDelta(source, row, Math.min(step, source.rows - row), values);
  return count;
}

function nonFiniteSentence(count: number, { rows, columns }: MatrixSource): string {
  return (
    `${thousands(count)} of its ${thousands(rows * columns)} values ${count === 1 ? 'is' : 'are'} NaN ` + 'or infinite.'
  );
}
