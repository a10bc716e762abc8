/**
 * What a comparison sums, in one pass over the bytes (`sums.assembly.ts`): a block of every stage is read into
 * WebAssembly's memory, where it stays near the core, and pairs are summed there. Blocks are summed in fp32 by rows
 * that float64 adds up, which keeps 1e-7; blocks that fp32 cannot hold (not finite, very large or very small) and
 * formats wider or odder than it are summed in float64. Blocks are added in their order: the sums are the same for any
 * number of threads.
 */
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { ComputedTensor, Dtype, Tensor } from '../../checkpoint/checkpoint.js';
import { decode, DTYPE_BYTES } from '../../checkpoint/decode.js';
import { fileError } from '../../checkpoint/failure.js';
import { readNow } from '../../checkpoint/read.js';
import { openRegular } from '../../checkpoint/regular.js';
import { readElements } from '../../tensors/elements.js';
import {
  addPair,
  emptyPair,
  emptySums,
  neighbours,
  type PairSums,
  type PartialSums,
  type StagePair,
} from './partial.js';
import bytes from './sums.wasm';

/** Mantissa bits and exponent of the smallest normal number; integer types have no rounding. */
export const PRECISION: Partial<Record<Dtype, { mantissa: number; minExponent: number }>> = {
  F64: { mantissa: 52, minExponent: -1022 },
  F32: { mantissa: 23, minExponent: -126 },
  F16: { mantissa: 10, minExponent: -14 },
  BF16: { mantissa: 7, minExponent: -126 },
  F8_E4M3: { mantissa: 3, minExponent: -6 },
  F8_E5M2: { mantissa: 2, minExponent: -14 },
};

/** Elements that lie in a file. */
export interface ByteSource {
  realPath: string;
  dtype: Dtype;
  /** Absolute byte offset of the first element. */
  begin: number;
  tensor?: undefined;
}

/** Elements of a tensor that is computed when it is read. */
export interface ComputedSource {
  tensor: ComputedTensor;
  dtype: Dtype;
  /** First element. */
  first: number;
}

/** Plain data: it goes to a worker thread. */
export type Source = ByteSource | ComputedSource;

/** One piece of one tensor in all stages. */
export interface Piece {
  /** Neighbouring stages that hold the tensor in one shape. */
  sources: Source[];
  elements: number;
  /** Which stages are held against each other; each and the next when left out. */
  pairs?: StagePair[];
}

/** The elements of `tensor` from `first` on. */
export function sourceOf(tensor: Tensor, first: number): Source {
  const { dtype } = tensor;
  if (tensor.expression !== undefined) return { tensor, dtype, first };
  return { realPath: tensor.shard.realPath, dtype, begin: tensor.begin + first * DTYPE_BYTES[dtype] };
}

/** How a block lies in memory: as in the file, or as float64. The numbers are those of `sums.assembly.ts`. */
const FORMATS: Partial<Record<Dtype, number>> = { BF16: 0, F16: 1, F32: 2, F64: 3 };
const FLOAT64 = 3;

interface Exports {
  memory: WebAssembly.Memory;
  grow(pages: number): number;
  singlePair(a: number, b: number, aAt: number, bAt: number, count: number, result: number): void;
  exactPair(
    a: number,
    b: number,
    aAt: number,
    bAt: number,
    count: number,
    epsilon: number,
    least: number,
    result: number,
  ): void;
  exactSquares(format: number, at: number, count: number): number;
}

const PAGE = 65_536;
/** Where a pair's sums are left; nothing else is below the first page's end. */
const RESULT = 1024;
/** Elements at a time, of which the code's vectors have eight. */
const STEP = 8;
/** Bytes of a block, all stages together: they stay near the core between reading and summing. */
const BLOCK_BYTES = 1 << 19;
/** Elements of a block of very many stages. */
const LEAST_BLOCK = 1024;
/** Elements after which others may have the thread. */
const TURN = 1 << 22;

/** Elements of pieces that float64 sums in less than a millisecond: they are exact to 1e-14. */
const SMALL = 1 << 16;
/** fp32 squares of smaller numbers lose bits to underflow. */
const LEAST_SQUARE = 1e-28;

/** Instances at rest: one caller uses one at a time. */
const idle: Exports[] = [];
let compiled: Promise<WebAssembly.Module> | undefined;

async function instance(byteLength: number): Promise<Exports> {
  const module = await (compiled ??= WebAssembly.compile(bytes));
  const kernel = idle.pop() ?? (new WebAssembly.Instance(module).exports as unknown as Exports);
  const missing = Math.ceil((byteLength - kernel.memory.buffer.byteLength) / PAGE);
  if (missing > 0 && kernel.grow(missing) < 0) throw new RangeError('WebAssembly has no memory left');
  return kernel;
}

/** A stage's block in memory. */
interface Place {
  source: Source;
  format: number;
  /** Bytes. */
  at: number;
  width: number;
}

const formatOf = ({ dtype, tensor }: Source) => (tensor === undefined ? (FORMATS[dtype] ?? FLOAT64) : FLOAT64);

/** Whether fp32 sums most of it. */
export function isFast({ sources, elements }: Piece): boolean {
  return elements > SMALL && sources.every((source) => formatOf(source) !== FLOAT64);
}

/** Elements of a block, and where each stage has its own. */
function layOut(sources: readonly Source[]): { block: number; places: Place[]; end: number } {
  const formats = sources.map(formatOf);
  const widths = formats.map((format, stage) => (format === FLOAT64 ? 8 : DTYPE_BYTES[sources[stage]!.dtype]));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const block = Math.max(1, Math.floor(BLOCK_BYTES / total / LEAST_BLOCK)) * LEAST_BLOCK;
  let end = PAGE;
  const places = sources.map((source, stage): Place => {
    const at = end;
    end += widths[stage]! * block;
    return { source, format: formats[stage]!, at, width: widths[stage]! };
  });
  return { block, places, end };
}

/**
 * Sums over each piece. Reads in this thread, a file after the other.
 * @throws `changed`, `not-found`, `permission`, and what the evaluation of a computed tensor throws
 */
export async function comparePieces(pieces: readonly Piece[]): Promise<PartialSums[]> {
  const files = new Map<string, FileHandle>();
  try {
    const results: PartialSums[] = [];
    for (const piece of pieces) results.push(await sumPiece(piece, files));
    return results;
  } finally {
    await Promise.all([...files.values()].map((handle) => handle.close()));
  }
}

/** The same of one piece. */
export async function comparePiece(piece: Piece): Promise<PartialSums> {
  return (await comparePieces([piece]))[0]!;
}

/**
 * Of two whole tensors of one size, all in float64 whatever their dtype and size. Slower than `comparePieces` by far.
 */
export async function exactPairSums(before: Tensor, after: Tensor): Promise<PairSums> {
  const pieces = Array.from({ length: Math.ceil(before.size / SMALL) }, (_, index): Piece => {
    const first = index * SMALL;
    return {
      sources: [sourceOf(before, first), sourceOf(after, first)],
      elements: Math.min(SMALL, before.size - first),
    };
  });
  const total = emptyPair();
  for (const { pairs } of await comparePieces(pieces)) addPair(total, pairs[0]!);
  return total;
}

async function sumPiece(
  { sources, elements, pairs = neighbours(sources.length) }: Piece,
  files: Map<string, FileHandle>,
): Promise<PartialSums> {
  const total = emptySums(sources.length, pairs.length);
  total.elements = elements;
  if (elements === 0) return total;
  for (const { realPath } of sources.filter((source) => source.tensor === undefined))
    if (!files.has(realPath)) files.set(realPath, await openRegular(realPath));
  const { block, places, end } = layOut(sources);
  const kernel = await instance(end);
  let turn = TURN;
  for (let start = 0; start < elements; start += block) {
    const count = Math.min(block, elements - start);
    for (const place of places) {
      if (place.source.tensor === undefined) readBlock(kernel, place, place.source, start, count, files);
      else await readElements(place.source.tensor, place.source.first + start, viewOf(kernel, place, count));
    }
    addBlock(kernel, places, pairs, count, elements <= SMALL, total);
    turn -= count;
    if (turn > 0 || start + block >= elements) continue;
    turn = TURN;
    await setImmediate();
  }
  idle.push(kernel);
  return total;
}

const viewOf = ({ memory }: Exports, { at }: Place, count: number) => new Float64Array(memory.buffer, at, count);

function readBlock(
  kernel: Exports,
  place: Place,
  { realPath, dtype, begin }: ByteSource,
  start: number,
  count: number,
  files: ReadonlyMap<string, FileHandle>,
): void {
  const width = DTYPE_BYTES[dtype];
  const isWhole = FORMATS[dtype] !== undefined;
  const target = isWhole
    ? new Uint8Array(kernel.memory.buffer, place.at, count * width)
    : new Uint8Array(count * width);
  try {
    readNow(files.get(realPath)!.fd, realPath, begin + start * width, target);
  } catch (error) {
    throw fileError(error, realPath);
  }
  if (!isWhole) viewOf(kernel, place, count).set(decode(dtype, target));
}

/** Adds the sums of the block in memory. */
function addBlock(
  kernel: Exports,
  places: readonly Place[],
  pairs: readonly StagePair[],
  count: number,
  isSmall: boolean,
  total: PartialSums,
): void {
  /** Σw² of the stages that a pair in fp32 has summed. */
  const squares: (number | undefined)[] = places.map(() => undefined);
  for (const [index, [earlier, later]] of pairs.entries()) {
    const [a, b] = [places[earlier]!, places[later]!];
    const fast = !isSmall && a.format < FLOAT64 && b.format < FLOAT64 ? singleSums(kernel, a, b, count) : undefined;
    addPair(total.pairs[index]!, fast ?? exactSums(kernel, a, b, count));
    squares[earlier] ??= fast?.aSquares;
    squares[later] ??= fast?.bSquares;
  }
  for (const [stage, { format, at }] of places.entries())
    total.stages[stage]!.squares += squares[stage] ?? kernel.exactSquares(format, at, count);
}

/** In fp32, but for the last few elements; undefined where fp32 does not hold the sums. */
function singleSums(kernel: Exports, a: Place, b: Place, count: number): PairSums | undefined {
  const whole = count - (count % STEP);
  if (whole === 0) return undefined;
  kernel.singlePair(a.format, b.format, a.at, b.at, whole, RESULT);
  const [deltaSquares, aSquares, bSquares, unitSquares, maxAbs, changed] = resultOf(kernel);
  const ulpSquares = unitSquares * unitOf(b.source).epsilon ** 2;
  const isSound =
    [aSquares, bSquares].every((squares) => Number.isFinite(squares) && squares / whole > LEAST_SQUARE) &&
    Number.isFinite(deltaSquares + ulpSquares) &&
    (changed === 0 || maxAbs ** 2 >= LEAST_SQUARE);
  if (!isSound) return undefined;
  const dot = (aSquares + bSquares - deltaSquares) / 2;
  const sums = { deltaSquares, aSquares, bSquares, dot, maxAbs, changed, ulpSquares, nonFinite: 0 };
  if (whole < count) addPair(sums, exactSums(kernel, a, b, count - whole, whole));
  // Elements beyond the whole ones that are not finite would be left out of a stage's own sum otherwise than out of
  // these.
  return sums.nonFinite === 0 ? sums : undefined;
}

/** In float64, from element `first` on. */
function exactSums(kernel: Exports, a: Place, b: Place, count: number, first = 0): PairSums {
  const { epsilon, least } = unitOf(b.source);
  const [aAt, bAt] = [a, b].map(({ at, width }) => at + first * width) as [number, number];
  kernel.exactPair(a.format, b.format, aAt, bAt, count, epsilon, least, RESULT);
  const [deltaSquares, aSquares, bSquares, ulpSquares, maxAbs, changed, dot, nonFinite] = resultOf(kernel);
  return { deltaSquares, aSquares, bSquares, dot, maxAbs, changed, ulpSquares, nonFinite };
}

type Result = [number, number, number, number, number, number, number, number];
const resultOf = ({ memory }: Exports) => [...new Float64Array(memory.buffer, RESULT, 8)] as Result;

/**
 * The unit of a number's last place: `epsilon` times its power of two, `least` at least. None where nothing was
 * rounded.
 */
function unitOf({ dtype, tensor }: Source): { epsilon: number; least: number } {
  // A computed tensor of dtype F64 was never rounded.
  const precision = tensor !== undefined && dtype === 'F64' ? undefined : PRECISION[dtype];
  if (precision === undefined) return { epsilon: 0, least: 0 };
  const epsilon = 2 ** -precision.mantissa;
  return { epsilon, least: 2 ** precision.minExponent * epsilon };
}
