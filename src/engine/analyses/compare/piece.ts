/** One piece of one tensor in all stages: the unit of work that a worker does and the journal counts. */
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { createStreamingSession, sharedRoot } from '../../runtime/session.js';
import { exactSums, type ByteSource, type Source } from './exact.js';
import { diffGraph, epsilonSquared, hasKernel, laterStages, PAIR_OUTPUTS, ROW } from './kernel.js';
import { addSums, emptySums, neighbours, type PartialSums, type StagePair } from './partial.js';

export interface Piece {
  /** Neighbouring stages that hold the tensor in one shape. */
  sources: Source[];
  elements: number;
  /** Which stages are held against each other; each and the next when left out. */
  pairs?: StagePair[];
}

/** Below this a session costs more (about 1 ms) than the float64 loop takes. */
const MIN_KERNEL_ELEMENTS = 1 << 18;
/** Of more stages a session reads more, so that fewer elements of each are worth it. */
const FEW_STAGES = 3;

/** fp32 squares of smaller numbers lose bits to underflow. */
const MIN_KERNEL_SQUARE = 1e-28;

/** Whether the graph sums the piece; the float64 loop does else. */
export function usesKernel({ sources, elements }: Piece): boolean {
  return (
    (elements - (elements % ROW)) * Math.max(1, sources.length / FEW_STAGES) >= MIN_KERNEL_ELEMENTS &&
    sources.every((source) => source.tensor === undefined && hasKernel(source.dtype)) &&
    sharedRoot(sources.flatMap((source) => (source.tensor === undefined ? [source.realPath] : []))) !== undefined
  );
}

/** Sums over one piece. Throws what the file system throws; a cut-off file is caught by the caller's stat check. */
export async function comparePiece({
  sources,
  elements,
  pairs = neighbours(sources.length),
}: Piece): Promise<PartialSums> {
  const whole = elements - (elements % ROW);
  // What is computed has no bytes for the graph to map.
  const stored = sources.filter((source) => source.tensor === undefined);
  const root = sharedRoot(stored.map((source) => source.realPath));
  if (root === undefined || !usesKernel({ sources, elements })) return exactSums(sources, elements, pairs);
  const sums = await kernelSums(root, stored, whole, pairs);
  if (sums === undefined) return exactSums(sources, elements, pairs);
  if (whole < elements) {
    const rest = stored.map((source) => ({ ...source, begin: source.begin + whole * DTYPE_BYTES[source.dtype] }));
    addSums(sums, await exactSums(rest, elements - whole, pairs));
  }
  return sums;
}

/** Sums by the graph; undefined where fp32 could not hold them (non-finite weights, very large or very small ones). */
async function kernelSums(
  root: string,
  sources: readonly ByteSource[],
  elements: number,
  pairs: readonly StagePair[],
): Promise<PartialSums | undefined> {
  const session = await createStreamingSession(diffGraph(root, sources, elements, pairs), root);
  try {
    const outputs = await session.run({});
    const rows = (index: number) =>
      [outputs[`blocks_${index}`], outputs[`rest_${index}`]].flatMap((tensor) =>
        tensor ? [tensor.data as Float32Array] : [],
      );
    const sum = (index: number) => rows(index).reduce((total, data) => total + data.reduce((a, b) => a + b, 0), 0);
    const largest = (index: number, sign = 1) =>
      rows(index).reduce((top, data) => data.reduce((a, b) => Math.max(a, sign * b), top), 0);

    const later = laterStages(pairs);
    const floors = sources.length + pairs.length * PAIR_OUTPUTS;
    const sums = emptySums(sources.length, pairs.length);
    sums.elements = elements;
    for (const [index, stage] of sums.stages.entries()) {
      stage.squares = sum(index);
      if (!isTrustworthy(stage.squares, elements)) return undefined;
    }
    for (const [index, pair] of sums.pairs.entries()) {
      const first = sources.length + index * PAIR_OUTPUTS;
      const [from, to] = pairs[index]!;
      const [a, b] = [sums.stages[from]!.squares, sums.stages[to]!.squares];
      pair.deltaSquares = sum(first);
      pair.maxAbs = Math.max(largest(first + 1), largest(first + 2, -1));
      pair.changed = sum(first + 3);
      pair.ulpSquares = sum(floors + later.indexOf(to)) * epsilonSquared(sources[to]!.dtype);
      if (
        !Number.isFinite(pair.deltaSquares + pair.ulpSquares) ||
        (pair.changed > 0 && pair.maxAbs ** 2 < MIN_KERNEL_SQUARE)
      )
        return undefined;
      pair.aSquares = a;
      pair.bSquares = b;
      pair.dot = (a + b - pair.deltaSquares) / 2;
    }
    return sums;
  } finally {
    await session.release();
  }
}

/** NaN and Inf show in a sum of squares; so does underflow, as a mean square too small to be a trained weight's. */
function isTrustworthy(squares: number, elements: number): boolean {
  return Number.isFinite(squares) && squares / elements > MIN_KERNEL_SQUARE;
}
