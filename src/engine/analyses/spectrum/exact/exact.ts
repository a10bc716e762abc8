/**
 * All singular values of Δ, in float64, whatever its shape (docs/spectra.md). A matrix that is not far from square is
 * reduced itself. Of a longer one the Gram matrix of the short side is reduced, which is much less work; where that
 * would lose small values (squares double the exponents), R of a QR factorisation is reduced in its place.
 */
import { throwIfCancelled } from '../../../errors.js';
import type { MatrixSource } from '../matrix.js';
import { Algebra, type Matrix } from './algebra.js';
import { bidiagonalValues } from './bidiagonal.js';
import { type Band, emptyBand, factorBand, toBidiagonal } from './chase.js';
import { Kernel } from '../kernel.js';
import { DeltaReader } from './reader.js';
import { reduceSymmetric, reduceToBand, reduceToTriangle } from './reduce.js';

export interface ExactOptions {
  /** Bytes that may be held at once; at least `exactBytes` are. */
  memory: number;
  /** Threads of the matrix products. */
  threads: number;
  signal?: AbortSignal | undefined;
  /** Fraction of the work done, 0…1. */
  onProgress?: ((fraction: number) => void) | undefined;
}

interface Tools {
  algebra: Algebra;
  kernel: Kernel;
}

export interface ExactValues {
  /** Largest first, min(rows, columns) of them; empty where Δ holds NaN or infinities. */
  values: Float64Array;
  /** Values of Δ that are NaN or infinite: all of them, or those in the part that was read before stopping. */
  nonFinite: number;
}

/** Up to this short side, or this many operations, no matrix product is large enough to be worth a graph. */
const SMALL = 48;
const SMALL_WORK = 1 << 24;
/** Up to this ratio of the sides the matrix itself is reduced. */
const NEARLY_SQUARE = 1.2;
/** Smallest σ/σ₁ that the rounding of a Gram matrix (about 20 ε·σ₁²) leaves untouched: to 2e-6 of σ. */
const GRAM_LIMIT = 3e-5;
/** Columns of the Gram matrix that are computed at once, from its upper end to its diagonal. */
const STRIP = 448;
/** More positions of a matrix that is stored along them gain nothing. */
const MOST_POSITIONS = 4096;
/** Elements that a factorisation holds per row beside the row itself: of U, and of panels. */
const BESIDE = 640;
/** Buffers of reading, of U and Z, and of the runtime. */
const OVERHEAD = 96 << 20;

/** Superdiagonals of the band: wide enough for fast products, narrow enough for a fast chase. */
function bandWidth(size: number): number {
  return size < 1024 ? 32 : 48;
}

/** Least bytes that `exactValues` needs. */
export function exactBytes(rows: number, columns: number): number {
  const [short, long] = rows < columns ? [rows, columns] : [columns, rows];
  if (isSmall(short, long)) return OVERHEAD;
  return 8 * short * (isNearlySquare(short, long) ? long : 2 * short) + OVERHEAD;
}

/** Bytes with which no matrix is read twice. */
export function exactBytesAtEase(rows: number, columns: number): number {
  const [short, long] = rows < columns ? [rows, columns] : [columns, rows];
  return Math.max(exactBytes(rows, columns), 8 * short * (short + long) + OVERHEAD);
}

function isSmall(short: number, long: number): boolean {
  return short <= SMALL || short * short * long <= SMALL_WORK;
}

function isNearlySquare(short: number, long: number): boolean {
  return long <= NEARLY_SQUARE * short;
}

/**
 * @throws `cancelled`, and what reading throws (`changed`, `not-found`, `permission`).
 */
export async function exactValues(source: MatrixSource, options: ExactOptions): Promise<ExactValues> {
  const tools: Tools = { algebra: new Algebra(options.threads), kernel: await Kernel.start() };
  let most = 0;
  const onProgress = (fraction: number) => options.onProgress?.((most = Math.max(most, fraction)));
  const reader = new DeltaReader(source, 1, options.signal);
  const values = await valuesOf(reader, tools, { ...options, onProgress });
  if (reader.nonFinite > 0) return { values: new Float64Array(0), nonFinite: reader.nonFinite };
  if (values !== undefined) return { values, nonFinite: 0 };
  const largest = await reader.largest();
  if (largest === 0) return { values: new Float64Array(reader.short), nonFinite: 0 };
  // Once more, with all of it moved into the middle of the range.
  const scale = 2 ** -Math.floor(Math.log2(largest));
  const scaled = await valuesOf(new DeltaReader(source, scale, options.signal), tools, { ...options, onProgress });
  return { values: scaled!.map((value) => value / scale), nonFinite: 0 };
}

/** Undefined where Δ is not finite, all zero, or of magnitudes whose squares are not to be had. */
async function valuesOf(reader: DeltaReader, tools: Tools, options: ExactOptions): Promise<Float64Array | undefined> {
  const { short, long } = reader;
  if (short === 0) return new Float64Array(0);
  if (isSmall(short, long)) return smallValues(reader, tools, options);
  if (isNearlySquare(short, long)) return squareValues(reader, tools, options);
  const values = await gramValues(reader, tools, options);
  return values === 'inaccurate' ? triangleValues(reader, tools, options) : values;
}

/** Whether squares and products that add up to this are normal numbers, and 1e-32 of them too. Not so for NaN. */
function isWithinRange(squares: number): boolean {
  return squares >= 1e-120 && squares <= 1e120;
}

/** Σ x². */
function squaresOf(values: Float64Array): number {
  let [even, odd] = [0, 0];
  for (let index = 0; index < values.length; index += 2) {
    even += values[index]! ** 2;
    odd += (values[index + 1] ?? 0) ** 2;
  }
  return even + odd;
}

/** Few vectors: QR of the whole, in pieces; its triangle is a band. */
async function smallValues(
  reader: DeltaReader,
  { kernel }: Tools,
  { signal }: ExactOptions,
): Promise<Float64Array | undefined> {
  const { short, long } = reader;
  const step = Math.min(long, Math.ceil((1 << 20) / short));
  const window = new Float64Array(short * step);
  let triangle: Float64Array = new Float64Array(short * short);
  for (let first = 0; first < long; first += step) {
    throwIfCancelled(signal);
    const count = Math.min(step, long - first);
    await reader.readWide(first, count, window);
    // What is left of the vectors so far, and their next elements.
    const length = short + count;
    const vectors = new Float64Array(short * length);
    for (let index = 0; index < short; index++) {
      vectors.set(triangle.subarray(index * short, index * short + index + 1), index * length);
      vectors.set(window.subarray(index * count, (index + 1) * count), index * length + short);
    }
    ({ triangle } = kernel.factorPanel(vectors, short, length, 0));
  }
  if (!isWithinRange(squaresOf(triangle))) return undefined;
  const band = emptyBand(short, Math.max(1, short - 1));
  for (let column = 0; column < short; column++) {
    for (let row = 0; row <= column; row++)
      band.values[row * band.stride + column + band.width] = triangle[column * short + row]!;
  }
  return bandValues(band, kernel, signal);
}

async function squareValues(
  reader: DeltaReader,
  tools: Tools,
  options: ExactOptions,
): Promise<Float64Array | undefined> {
  const { short, long } = reader;
  const data = new Float64Array(short * long);
  // A square one is as good as its transpose, and one of the two is as it lies in the file.
  await (short === long && reader.isStoredWide ? reader.readWide(0, long, data) : reader.readTall(0, long, data));
  if (!isWithinRange(squaresOf(data))) return undefined;
  return denseValues({ rows: long, columns: short, data }, tools, options);
}

/** By the Gram matrix of the short side. `inaccurate`: small values would be rounding. */
async function gramValues(
  reader: DeltaReader,
  tools: Tools,
  options: ExactOptions,
): Promise<Float64Array | 'inaccurate' | undefined> {
  const { short, long } = reader;
  const gram = await gramMatrix(reader, tools, options);
  let trace = 0;
  for (let index = 0; index < short; index++) trace += gram[index * short + index]!;
  if (reader.nonFinite > 0 || !isWithinRange(trace)) return undefined;
  const before = gramFraction(short, long);
  const band = emptyBand(short, bandWidth(short));
  const onProgress = (fraction: number) => options.onProgress?.(before + (1 - before) * fraction);
  await reduceSymmetric({ rows: short, columns: short, data: gram }, band, {
    ...tools,
    signal: options.signal,
    onProgress: (fraction) => onProgress(0.6 * fraction),
  });
  if (!factorBand(band)) return 'inaccurate';
  const values = await bandValues(band, tools.kernel, options.signal, (fraction) => onProgress(0.6 + 0.4 * fraction));
  return values[short - 1]! >= GRAM_LIMIT * values[0]! ? values : 'inaccurate';
}

/** Fraction of the Gram matrix in the work. */
function gramFraction(short: number, long: number): number {
  return long / (long + 2 * short);
}

async function gramMatrix(
  reader: DeltaReader,
  { algebra }: Tools,
  { memory, signal, onProgress }: ExactOptions,
): Promise<Float64Array> {
  const { short, long } = reader;
  const gram = new Float64Array(short * short);
  const fitting = Math.max(short, Math.floor((memory - OVERHEAD) / 8 / short) - short);
  const step = Math.min(long, fitting, reader.isStoredWide ? long : MOST_POSITIONS);
  const window = new Float64Array(short * step);
  for (let first = 0; first < long; first += step) {
    const count = Math.min(step, long - first);
    await reader.readWide(first, count, window);
    if (reader.nonFinite > 0) return gram;
    // Its upper half: the other is the same.
    for (let left = 0; left < short; left += STRIP) {
      throwIfCancelled(signal);
      const right = Math.min(left + STRIP, short);
      const strip: Matrix = { rows: right - left, columns: count, data: window.subarray(left * count, right * count) };
      const [{ data }] = (await algebra.run('outer', { rows: right, columns: count, data: window }, strip)) as [Matrix];
      for (let row = 0; row < right; row++) {
        for (let column = Math.max(left, row); column < right; column++)
          gram[row * short + column]! += data[row * strip.rows + column - left]!;
      }
      onProgress?.(((first + (count * right ** 2) / short ** 2) / long) * gramFraction(short, long));
    }
  }
  for (let row = 0; row < short; row++)
    for (let column = 0; column < row; column++) gram[row * short + column] = gram[column * short + row]!;
  return gram;
}

/** By a QR factorisation, as many rows at a time as the memory holds. */
async function triangleValues(reader: DeltaReader, tools: Tools, options: ExactOptions): Promise<Float64Array> {
  const { memory, signal } = options;
  const { short, long } = reader;
  const step = Math.min(
    long,
    Math.max(short, Math.floor(((memory - OVERHEAD) / 8 - 2 * short * short) / (short + BESIDE))),
  );
  let triangle: Matrix = { rows: 0, columns: short, data: new Float64Array(0) };
  for (let first = 0; first < long; first += step) {
    const count = Math.min(step, long - first);
    const rows = Math.max(short, triangle.rows + count);
    const stacked: Matrix = { rows, columns: short, data: new Float64Array(rows * short) };
    stacked.data.set(triangle.data);
    await reader.readTall(first, count, stacked.data.subarray(triangle.rows * short));
    triangle = { rows: short, columns: short, data: new Float64Array(short * short) };
    await reduceToTriangle(stacked, bandWidth(short), triangle, { ...tools, signal });
  }
  return denseValues(triangle, tools, { ...options, onProgress: undefined });
}

/** Of a matrix with rows ≥ columns, which is destroyed. */
async function denseValues(matrix: Matrix, tools: Tools, { signal, onProgress }: ExactOptions): Promise<Float64Array> {
  const band = emptyBand(matrix.columns, bandWidth(matrix.columns));
  await reduceToBand(matrix, band, { ...tools, signal, onProgress: (fraction) => onProgress?.(0.7 * fraction) });
  return bandValues(band, tools.kernel, signal, (fraction) => onProgress?.(0.7 + 0.3 * fraction));
}

async function bandValues(
  band: Band,
  kernel: Kernel,
  signal: AbortSignal | undefined,
  onProgress?: (fraction: number) => void,
): Promise<Float64Array> {
  const { diagonal, upper } = await toBidiagonal(band, kernel, signal, onProgress);
  return bidiagonalValues(diagonal, upper);
}
