/**
 * The rounding floor of a spectrum: the singular values of what storage rounding alone adds to an update, from the
 * dtypes, the steps of the actual weights, and the shape (docs/spectra.md).
 */
import { throwIfCancelled } from '../../../errors.js';
import { seededRandom } from '../../../numerics/sample.js';
import { readDelta, type MatrixPart, type MatrixSource } from '../matrix.js';
import { metricsOf } from '../metrics.js';
import { TOP, type SpectrumFloor } from '../result.js';
import { type Grid, stepExponent, UsedBits } from './grid.js';
import { energyOf, NoiseSpectrum, type Profile, profileOf, type Variances } from './noise.js';
import { fittedRounding, type Rounding, StepCounts, uniformNoise, uniformRounding } from './steps.js';

/** A floor, and what the correction of a spectrum needs. Structured-clone safe. */
export interface RoundingFloor {
  floor: SpectrumFloor;
  /** At all min(rows, columns) ranks: expected values, and their 95 % band. */
  values: Float64Array;
  low: Float64Array;
  high: Float64Array;
  /**
   * Share of an update's size that arrives in the stored one, about 1 unless it is below the steps; null where nothing
   * moved.
   */
  gain: number | null;
  /** Fraction of the stored update's energy that is the update; the rest is noise. Null where nothing moved. */
  signalFraction: number | null;
  /** As `Rounding` has it: how far the update is from what its correction takes for granted. */
  misfit: number;
  /**
   * Fraction of the stored energy that uniform errors of half a step would have, whatever the update. Null where
   * nothing moved.
   */
  uniformFraction: number | null;
  /** How far the noise's energy may be from what it is taken for, as a fraction of it. */
  energyError: number;
  variances: Variances;
}

export interface FloorOptions {
  /** Which rows are sampled, where not all are. Default 0. */
  seed?: number;
  signal?: AbortSignal | undefined;
}

/** Elements that are looked at; of a larger matrix, as many in whole rows. The fit needs no more. */
const SAMPLE = 1 << 20;
/** Rows that are looked at, at least. */
const LEAST_ROWS = 48;
/** The variances are known no better, and the less the coarser the grid: weights are not even within its steps. */
const tolerance = (mantissa: number) => 0.01 + 0.25 * 2 ** -mantissa;
/** Of a sum of squares of errors, for 95 %. */
const DEVIATIONS = 2;

/**
 * Holds about 24 MiB, more for rows beyond 20 Ki elements.
 * @throws what reading throws (`changed`, `not-found`, `permission`, `cancelled`).
 */
export async function floorOf(source: MatrixSource, options: FloorOptions = {}): Promise<RoundingFloor> {
  const { rows, columns } = source;
  const count = Math.min(rows, columns);
  const sample = count === 0 ? undefined : await readSample(source, options);
  const rounding = sample && roundingOf(sample);
  if (sample === undefined || rounding === undefined) return noFloor(count);

  const variances = variancesOf(sample, rounding.noise, rows, columns);
  const energy = energyOf(variances);
  const transferred = rounding.gain ** 2 * rounding.signal * sample.moved;
  const kurtosis = kurtosisOf(sample, rounding);
  return {
    ...spectrumOf(variances, rows, columns, {
      kurtosis,
      lone: sample.lone,
      tolerance: tolerance(sample.grid.mantissa),
    }),
    gain: rounding.gain,
    signalFraction: transferred > 0 ? transferred / (transferred + energy / (rows * columns)) : 0,
    misfit: rounding.misfit,
    uniformFraction: uniformEnergy(sample) / sample.energy,
    energyError:
      tolerance(sample.grid.mantissa) + DEVIATIONS * Math.sqrt(Math.max(0, kurtosis - 1) / sample.exponents.length),
    variances,
  };
}

/** Rows of both stages, reduced to what rounding depends on. */
interface Sample {
  rows: number;
  columns: number;
  /** Of the step of each element: rows × columns. */
  exponents: Int16Array;
  /** False for rows and columns in which nothing moved: they hold no noise. */
  rowMoved: Uint8Array;
  columnMoved: Uint8Array;
  /** Fraction of the elements that are in neither of these. */
  moved: number;
  /** Of those elements. Undefined where the errors are uniform. */
  counts: StepCounts | undefined;
  /** Mean Δ² and Δ⁴. */
  energy: number;
  fourth: number;
  /** The largest errors that single elements may hold, descending. */
  lone: number[];
  /** Of the later stage. */
  grid: Grid;
}

/** Undefined where the later stage is not rounded. */
async function readSample(source: MatrixSource, { seed = 0, signal }: FloorOptions): Promise<Sample | undefined> {
  const { rows, columns, before, after } = source;
  const chosen = chooseRows(rows, columns, seed);
  const read = async (part: MatrixPart, values: Float64Array) => {
    const stage: MatrixSource = { rows, columns, before: null, after: part };
    if (chosen.length === rows) return void (await readDelta(stage, 0, rows, values, signal));
    for (const [index, row] of chosen.entries()) {
      throwIfCancelled(signal);
      await readDelta(stage, row, 1, values.subarray(index * columns, (index + 1) * columns), signal);
    }
  };
  const later = new Float64Array(chosen.length * columns);
  await read(after, later);
  const earlier = before && new Float64Array(later.length);
  if (before && earlier) await read(before, earlier);

  const grid = gridOf(after, later);
  const earlierGrid = before && earlier ? gridOf(before, earlier) : undefined;
  if (grid === undefined) return undefined;
  // Weights that lie on the later stage's grid move by whole steps of it.
  const isLattice = earlierGrid !== undefined && earlierGrid.mantissa <= grid.mantissa;
  const counts = isLattice ? new StepCounts() : undefined;
  const sample: Sample = {
    rows: chosen.length,
    columns,
    exponents: new Int16Array(later.length),
    rowMoved: new Uint8Array(chosen.length),
    columnMoved: new Uint8Array(columns),
    moved: 0,
    counts,
    energy: 0,
    fourth: 0,
    lone: [],
    grid,
  };
  let [leastLone, squares, fourths] = [0, 0, 0];
  for (let row = 0, index = 0; row < chosen.length; row++) {
    for (let column = 0; column < columns; column++, index++) {
      const to = later[index]!;
      const from = earlier === null ? 0 : earlier[index]!;
      const delta = to - from;
      let exponent = stepExponent(to, grid);
      if (isLattice) {
        // The step at which the weight started is known without the update, unless that has carried it far away.
        const start = stepExponent(from, grid);
        if (exponent <= start + 1) exponent = start;
      }
      sample.exponents[index] = exponent;
      if (delta !== 0) {
        sample.rowMoved[row] = 1;
        sample.columnMoved[column] = 1;
        const square = delta * delta;
        squares += square;
        fourths += square * square;
        // A weight that does not lie on the grid errs by half a step; one that does may be moved by a whole one.
        const error = Math.min(Math.abs(delta), (isLattice ? 1 : 0.5) * 2 ** exponent);
        if (error > leastLone) leastLone = keepLargest(sample.lone, error);
      }
    }
  }
  sample.energy = squares / later.length;
  sample.fourth = fourths / later.length;
  // Rows and columns in which nothing moved were not trained, or so little that they would only blur what the others
  // show.
  const movedColumns = sample.columnMoved.reduce((sum, moved) => sum + moved, 0);
  sample.moved = (sample.rowMoved.reduce((sum, moved) => sum + moved, 0) * movedColumns) / later.length;
  if (counts === undefined) return sample;
  for (let row = 0, index = 0; row < chosen.length; row++) {
    for (let column = 0; column < columns; column++, index++) {
      if (sample.rowMoved[row] === 0 || sample.columnMoved[column] === 0) continue;
      const exponent = sample.exponents[index]!;
      counts.add(exponent, Math.min(2 ** 40, Math.round(Math.abs(later[index]! - earlier![index]!) * 2 ** -exponent)));
    }
  }
  return sample;
}

/** Inserts into the `TOP` largest. @returns what the next must exceed. */
function keepLargest(largest: number[], value: number): number {
  const location = largest.findIndex((other) => other < value);
  largest.splice(location < 0 ? largest.length : location, 0, value);
  if (largest.length > TOP) largest.pop();
  return largest.length < TOP ? 0 : largest[TOP - 1]!;
}

/** Evenly spread, at a random place in each stretch: all of them where they are few. */
function chooseRows(rows: number, columns: number, seed: number): number[] {
  const wanted = Math.max(LEAST_ROWS, Math.floor(SAMPLE / columns));
  if (wanted >= rows) return Array.from({ length: rows }, (_, row) => row);
  const random = seededRandom(seed);
  return Array.from({ length: wanted }, (_, index) => Math.floor(((index + random()) * rows) / wanted));
}

function gridOf(part: MatrixPart, values: Float64Array): Grid | undefined {
  const bits = new UsedBits();
  for (const value of values) bits.add(value);
  return bits.grid(part.tensor.dtype);
}

/** Undefined where nothing moved. */
function roundingOf(sample: Sample): Rounding | undefined {
  const { counts, energy } = sample;
  if (energy === 0 || !Number.isFinite(energy)) return undefined;
  if (counts !== undefined && !counts.isCoarse) return fittedRounding(counts);
  return uniformRounding(uniformNoise, uniformEnergy(sample) / sample.moved, energy / sample.moved);
}

/** Mean square of uniform errors in the rows and columns in which something moved, over all elements. */
function uniformEnergy({ rows, columns, exponents, rowMoved, columnMoved }: Sample): number {
  let sum = 0;
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++)
      if (rowMoved[row] !== 0 && columnMoved[column] !== 0) sum += uniformNoise(exponents[index]!);
  }
  return sum / exponents.length;
}

/** E x⁴ / (E x²)² of the errors: large where few weights move, or few have large steps. */
function kurtosisOf({ counts, energy, fourth, exponents }: Sample, { noise }: Rounding): number {
  if (counts !== undefined && !counts.isCoarse) return fourth / energy ** 2;
  let [sum, squares] = [0, 0];
  for (const exponent of exponents) {
    const variance = noise(exponent);
    sum += variance;
    squares += variance * variance;
  }
  return (1.8 * squares * exponents.length) / (sum * sum);
}

/** Variances of the noise as a product of rows and columns, from the sampled rows. */
function variancesOf(sample: Sample, noise: Rounding['noise'], allRows: number, allColumns: number): Variances {
  const { rows, columns, exponents, rowMoved, columnMoved } = sample;
  const lowest = exponents.reduce((least, exponent) => Math.min(least, exponent), 0);
  const variances = Float64Array.from(
    { length: 1 + exponents.reduce((most, exponent) => Math.max(most, exponent), lowest) - lowest },
    (_, index) => noise(lowest + index),
  );
  const rowMeans = new Float64Array(rows);
  const columnMeans = new Float64Array(columns);
  const columnSquares = new Float64Array(columns);
  let total = 0;
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++) {
      if (rowMoved[row] === 0 || columnMoved[column] === 0) continue;
      const value = variances[exponents[index]! - lowest]!;
      rowMeans[row]! += value / columns;
      columnMeans[column]! += value / rows;
      columnSquares[column]! += (value * value) / rows;
      total += value / rows / columns;
    }
  }
  if (!(total > 0)) return { rows: constant(0, allRows), columns: constant(1, allColumns) };
  const relative = columnMeans.map((mean) => mean / total);
  if (rows < allRows)
    shrink(
      relative,
      columnSquares.map((square) => square / total ** 2),
      rows,
    );
  return { rows: profileOf(rowMeans, allRows), columns: profileOf(relative, allColumns) };
}

/** Takes out of the means of few rows what they differ by chance. Their own mean, 1, stays. */
function shrink(means: Float64Array, squares: Float64Array, rows: number): void {
  let [spread, chance] = [0, 0];
  means.forEach((mean, index) => {
    spread += (mean - 1) ** 2;
    chance += Math.max(0, squares[index]! - mean * mean) / rows;
  });
  const keep = spread > 0 ? Math.sqrt(Math.max(0, 1 - chance / spread)) : 0;
  for (let index = 0; index < means.length; index++) means[index] = Math.max(0, 1 + keep * (means[index]! - 1));
}

function constant(value: number, weight: number): Profile {
  return { values: Float64Array.of(value), weights: Float64Array.of(weight) };
}

/**
 * The i-th of `count` values is expected where i − 0.72 of them lie above, as the mean of the Tracy–Widom distribution
 * has it at the edge (−1.21 units) and nearly so further in; the band is that distribution's for the first, and for the
 * others the ranks that the number above a point varies by.
 */
const CENTRE = 0.72;
const SPREAD_DOWN = 1.15;
const spreadUp = (rank: number) => (rank === 1 ? 0.65 : 1.15);

function spectrumOf(
  variances: Variances,
  rows: number,
  columns: number,
  { kurtosis, lone, tolerance }: { kurtosis: number; lone: readonly number[]; tolerance: number },
): Pick<RoundingFloor, 'floor' | 'values' | 'low' | 'high'> {
  const count = Math.min(rows, columns);
  const fro = Math.sqrt(energyOf(variances));
  const spectrum = new NoiseSpectrum(variances);
  const at = (shift: (rank: number) => number) =>
    Float64Array.from({ length: count }, (_, index) =>
      spectrum.valueAt(Math.min(count, index + 1 - CENTRE + shift(index + 1))),
    );
  const values = at(() => 0);
  // The grid of the density leaves a small error in the energy, which is known.
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const scale = norm > 0 ? fro / norm : 0;
  const scaled = values.map((value) => value * scale);
  // Where errors are few and large, rows and columns differ in energy by chance, (kurtosis − 1)/n of it squared, and
  // the edge moves by half of that; and a lone error shows with the energy of its row and its column.
  const uneven = 1 + (Math.max(0, kurtosis - 1) / 2) * (1 / rows + 1 / columns);
  const aloneOf = (error: number) => Math.sqrt(error ** 2 + fro ** 2 * (1 / rows + 1 / columns));
  const low = at(() => SPREAD_DOWN).map((value) => value * scale * (1 - tolerance));
  const high = at((rank) => -spreadUp(rank)).map(
    (value, index) => Math.max(value * scale * uneven, aloneOf(lone[index] ?? 0)) * (1 + tolerance),
  );
  return { floor: floorFrom(scaled, low, high, fro), values: scaled, low, high };
}

/** All zeros: no rounding, or no update that could have been rounded. */
export function noFloor(count: number): RoundingFloor {
  const zeros = () => new Float64Array(count);
  return {
    floor: floorFrom(zeros(), zeros(), zeros(), 0),
    values: zeros(),
    low: zeros(),
    high: zeros(),
    gain: null,
    signalFraction: null,
    misfit: 0,
    uniformFraction: null,
    energyError: 0,
    variances: { rows: constant(0, 1), columns: constant(1, 1) },
  };
}

function floorFrom(values: Float64Array, low: Float64Array, high: Float64Array, fro: number): SpectrumFloor {
  const { spectral, nuclear, stableRank, effectiveRank, conditionNumber, logVolume, topEnergy } = metricsOf(
    values,
    fro,
  );
  const top = (of: Float64Array) => Array.from(of.subarray(0, TOP));
  return {
    spectral,
    nuclear,
    stableRank,
    effectiveRank,
    conditionNumber,
    logVolume,
    topEnergy,
    fro,
    singularValues: top(values),
    low: top(low),
    high: top(high),
  };
}
