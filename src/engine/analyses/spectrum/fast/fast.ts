/**
 * A spectrum from a few products with Δ instead of a full decomposition: the leading singular values, estimates of the
 * rest, and how far off each number may be (docs/spectra.md).
 */
import { Kernel } from '../kernel.js';
import { metricsOf, type MeasuredSpectrum, RANK_TOLERANCE, rankOf, topMetrics } from '../metrics.js';
import type { MatrixSource } from '../matrix.js';
import { ENERGY_RANKS, SUBSPACE, TOP, type MetricName } from '../result.js';
import type { Subspace } from '../subspace.js';
import { Algebra, type Dense } from './algebra.js';
import { BLOCK, BLOCKS, krylov, orthonormalize, PRECISION, type Krylov } from './krylov.js';
import { halfWidth, Quadrature } from './quadrature.js';
import { Update } from './update.js';

export interface FastOptions {
  /** Bytes that may be held at once; at least `fastBytes` are. */
  memory: number;
  /** Threads of the matrix products. */
  threads: number;
  /** The same seed gives the same numbers. Default 0. */
  seed?: number;
  signal?: AbortSignal | undefined;
  /** Fraction of the work done, 0…1. */
  onProgress?: ((fraction: number) => void) | undefined;
}

export interface FastSpectrum extends MeasuredSpectrum {
  /** All `count`, largest first: `known` computed ones, then estimated ones. */
  values: Float64Array;
  known: number;
  /** Half-widths of 95 % intervals, in the metric's own unit; of `topEnergy`, that of the least certain k. */
  error: Record<MetricName, number | null>;
  /** The first `SUBSPACE` directions. */
  subspace: Subspace;
  /** Elements of Δ that are NaN or infinite; where there are any, all else is empty. */
  nonFinite: number;
}

/** Bytes beside the panels of Δ: the space, and blocks of it in float64 that the runtime keeps for the next product. */
function overhead(rows: number, columns: number): number {
  const size = Math.min(rows, columns, BLOCK * BLOCKS);
  return (6 * size + 32 * Math.min(size, BLOCK)) * (rows + columns) + (64 << 20);
}

/** Of a panel that is read: its files' pages, both stages in fp32, Δ. */
const PANELS = 128 << 20;

/** Least bytes that `fastSpectrum` needs. */
export function fastBytes(rows: number, columns: number): number {
  return overhead(rows, columns) + PANELS;
}

/** Bytes with which Δ is read once. */
export function fastBytesAtEase(rows: number, columns: number): number {
  return overhead(rows, columns) + 4 * rows * columns + PANELS;
}

/** @throws `cancelled`, and what reading throws (`changed`, `not-found`, `permission`). */
export async function fastSpectrum(source: MatrixSource, options: FastOptions): Promise<FastSpectrum> {
  const { update, space, subspace } = await explore(source, options, BLOCK * BLOCKS);
  const count = Math.min(source.rows, source.columns);
  const { nonFinite } = update;
  const fro = Math.sqrt(update.squares);
  if (space === undefined)
    return {
      ...metricsOf(new Float64Array(nonFinite > 0 ? 0 : count)),
      values: new Float64Array(nonFinite > 0 ? 0 : count),
      known: 0,
      error: NOTHING,
      subspace,
      nonFinite,
    };
  return { ...(space.complete ? whole(space, fro) : estimated(space, count, fro)), subspace, nonFinite };
}

/**
 * The first `k` directions of Δ on both sides, fewer where it has fewer.
 * @throws as `fastSpectrum`.
 */
export async function topSubspace(source: MatrixSource, k: number, options: FastOptions): Promise<Subspace> {
  return (await leadingDirections(source, k, options)).subspace;
}

/**
 * The same with ‖Δ‖_F² in float64. Where an element is NaN or infinite there are no directions, and the square is null.
 * @throws as `fastSpectrum`.
 */
export async function leadingDirections(
  source: MatrixSource,
  k: number,
  options: FastOptions,
): Promise<{ subspace: Subspace; squares: number | null }> {
  const size = BLOCK * Math.max(BLOCKS, Math.ceil((4 * k) / BLOCK));
  const { update, subspace } = await explore(source, options, size, k);
  return { subspace, squares: update.nonFinite > 0 ? null : update.squares };
}

/** Products with Δ up to a space of `size` dimensions; none where Δ is zero or not finite. */
async function explore(
  source: MatrixSource,
  options: FastOptions,
  size: number,
  k: number = SUBSPACE,
): Promise<{ update: Update; space: Krylov | undefined; subspace: Subspace }> {
  const { threads, memory, seed = 0, signal, onProgress } = options;
  const algebra = new Algebra(threads);
  const update = await Update.open(source, {
    algebra,
    threads,
    memory: memory - overhead(source.rows, source.columns),
    signal,
  });
  if (update.nonFinite > 0 || update.squares === 0)
    return {
      update,
      space: undefined,
      subspace: {
        rows: source.rows,
        columns: source.columns,
        values: new Float64Array(0),
        left: new Float64Array(0),
        right: new Float64Array(0),
      },
    };
  onProgress?.(READING);
  const kernel = await Kernel.start();
  const space = await krylov(update, {
    algebra,
    kernel,
    seed,
    size,
    onProgress: (fraction) => onProgress?.(READING + (1 - READING) * fraction),
  });
  return { update, space, subspace: await leading(space, update, k, { algebra, kernel }) };
}

/** Fraction of the time that reading takes. */
const READING = 0.4;

const NOTHING: Record<MetricName, number | null> = {
  spectral: 0,
  nuclear: 0,
  stableRank: null,
  effectiveRank: null,
  conditionNumber: null,
  logVolume: null,
  topEnergy: null,
};

/** The first singular vectors on both sides, from coordinates in the space. */
async function leading(
  { values, vectors, basis, image }: Krylov,
  { rows, columns }: Update,
  k: number,
  { algebra, kernel }: { algebra: Algebra; kernel: Kernel },
): Promise<Subspace> {
  const found = Math.min(k, rankOf(values));
  const coordinates = new Float32Array(found * basis.rows);
  for (let index = 0; index < found; index++)
    for (let at = 0; at < basis.rows; at++) coordinates[index * basis.rows + at] = vectors.get(at, index);
  const chosen: Dense = { data: coordinates, rows: found, columns: basis.rows };
  const directions = async (of: Dense) => {
    const data = await algebra.product(chosen, of);
    // Of the image they have length σ, and fp32 left them orthogonal to seven digits.
    await orthonormalize(data, found, of.columns, kernel, () =>
      Promise.reject(new RangeError('singular vectors depend on each other')),
    );
    return Float64Array.from(data);
  };
  const [small, long] = [await directions(basis), await directions(image)];
  const [left, right] = rows <= columns ? [small, long] : [long, small];
  return { rows, columns, values: values.slice(0, found), left, right };
}

/** All values are there, to the rounding of fp32 products. */
function whole({ values }: Krylov, fro: number): Omit<FastSpectrum, 'subspace' | 'nonFinite'> {
  const metrics = metricsOf(values, fro);
  const rounding = new Float64Array(values.length).fill(PRECISION * metrics.spectral);
  const [smallest, count] = [values[values.length - 1]!, values.length];
  return {
    ...metrics,
    values,
    known: count,
    error: {
      ...topErrors(metrics, values, rounding),
      ...roundingOfSums(metrics),
      conditionNumber: metrics.conditionNumber === null ? null : (metrics.conditionNumber * rounding[0]!) / smallest,
    },
  };
}

/** What rounding of every value may do to sums over them: dH ≤ Σ |dσ| (|log p| + H) / Σσ. */
function roundingOfSums({ spectral, nuclear, effectiveRank, count }: MeasuredSpectrum): {
  nuclear: number;
  effectiveRank: number;
} {
  const error = count * PRECISION * spectral;
  return {
    nuclear: error,
    effectiveRank:
      effectiveRank === null
        ? 0
        : (effectiveRank * error * (Math.log(nuclear / (PRECISION * spectral)) + Math.log(count))) / nuclear,
  };
}

/** The leading ones are there, the rest is estimated. */
function estimated(space: Krylov, count: number, fro: number): Omit<FastSpectrum, 'subspace' | 'nonFinite'> {
  const known = Math.min(TOP, space.size);
  const top = space.values.slice(0, known);
  const spectral = top[0]!;
  const quadrature = new Quadrature(space, count, fro * fro);
  const nuclear = quadrature.sum((value) => value);
  // In units of σ₁, so that the logarithms stay small.
  const entropic = quadrature.sum((value) => (value > 0 ? value * Math.log(value / spectral) : 0));
  const entropy = (sum: number, weighted: number) => Math.log(sum / spectral) - weighted / sum;
  const exponent = entropy(nuclear.value, entropic.value);
  const entropyError = halfWidth({
    value: exponent,
    coarse: entropy(nuclear.coarse, entropic.coarse),
    residuals: nuclear.residuals.map(
      (residual, probe) =>
        residual * (1 / nuclear.value + entropic.value / nuclear.value ** 2) -
        entropic.residuals[probe]! / nuclear.value,
    ),
  });
  const multiplicities = quadrature.multiplicities();
  const least = RANK_TOLERANCE * spectral;
  const effectiveRank = Math.min(count, Math.exp(exponent));
  const metrics = {
    spectral,
    nuclear: nuclear.value,
    ...topMetrics(top, fro),
    effectiveRank,
    conditionNumber: null,
    fro,
    count,
    rank: Math.round(multiplicities.reduce((sum, number, node) => sum + (space.values[node]! > least ? number : 0), 0)),
  };
  const rounding = roundingOfSums(metrics);
  return {
    ...metrics,
    values: curve(space.values, multiplicities, known, count),
    known,
    error: {
      ...topErrors(metrics, top, distances(space, known)),
      nuclear: halfWidth(nuclear) + rounding.nuclear,
      effectiveRank: effectiveRank * Math.expm1(Math.min(entropyError, Math.log(count))) + rounding.effectiveRank,
      conditionNumber: null,
    },
  };
}

/**
 * How far each leading Ritz value may be from a singular value: its residual, and (Kato & Temple) the residual squared
 * over the distance to the nearest other, where those are apart. Ritz values lie below.
 */
function distances({ values, residuals }: Krylov, known: number): Float64Array {
  return Float64Array.from({ length: known }, (_, index) => {
    const residual = residuals[index]! * Math.SQRT1_2;
    const gapTo = (other: number) =>
      other < 0 || other >= values.length ? Infinity : Math.abs(values[index]! - values[other]!) - residuals[other]!;
    const gap = Math.min(gapTo(index - 1), gapTo(index + 1));
    return Math.max(PRECISION * values[0]!, gap > residual ? Math.min(residual, residual ** 2 / gap) : residual);
  });
}

/** What errors of the leading values do to the metrics that follow from them. They are of one sign, so they add up. */
function topErrors(
  metrics: MeasuredSpectrum,
  top: Float64Array,
  errors: Float64Array,
): Record<'spectral' | 'stableRank' | 'logVolume' | 'topEnergy', number | null> {
  const { spectral, fro, stableRank, logVolume } = metrics;
  const counted = Math.min(TOP, rankOf(top));
  const sum = (count: number, term: (value: number, error: number) => number) =>
    top.subarray(0, count).reduce((total, value, index) => total + term(value, errors[index]!), 0);
  return {
    spectral: errors[0]!,
    stableRank: stableRank === null ? null : (2 * stableRank * errors[0]!) / spectral,
    logVolume: logVolume === null ? null : sum(counted, (value, error) => error / value),
    topEnergy: Math.max(...ENERGY_RANKS.map((k) => sum(k, (value, error) => (2 * value * error) / fro ** 2))),
  };
}

/** Known values, then those at the ranks between, by the number that each node stands for. */
function curve(nodes: Float64Array, multiplicities: Float64Array, known: number, count: number): Float64Array {
  const values = new Float64Array(count);
  values.set(nodes.subarray(0, known));
  const rest = multiplicities.subarray(known);
  const total = rest.reduce((sum, number) => sum + number, 0);
  const scale = total > 0 ? (count - known) / total : 0;
  let node = known;
  let [before, beforeRank] = [nodes[known - 1]!, known - 0.5];
  let [edge, after, afterRank] = [known, before, beforeRank];
  for (let rank = known; rank < count; rank++) {
    while (rank + 0.5 > afterRank && node < nodes.length) {
      const width = rest[node - known]! * scale;
      [before, beforeRank] = [after, afterRank];
      [after, afterRank] = [nodes[node]!, edge + width / 2];
      edge += width;
      node++;
    }
    const fraction = afterRank > beforeRank ? Math.min(1, (rank + 0.5 - beforeRank) / (afterRank - beforeRank)) : 1;
    values[rank] = before + (after - before) * fraction;
  }
  return values;
}
