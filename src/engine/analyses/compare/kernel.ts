/**
 * The diff as an ONNX graph over checkpoint bytes: no inputs, weights are file ranges, outputs are row sums.
 *
 * A piece of a tensor is walked in blocks whose temporaries stay near the core (`Scan` slices its operands without
 * copying), and each block is reduced in rows of 1024 in fp32; rows are added in float64 outside. That keeps the sums
 * within 1e-7 of float64, which one long fp32 sum does not. What counts here is passes over the block: squares are
 * added by multiplying a row with itself, transposed (one pass), and not by Mul and ReduceSum (two, and a copy).
 */
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import { fileRange } from '../../runtime/session.js';
import type { Dtype } from '../../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { neighbours, type StagePair } from './partial.js';

/** Elements summed in fp32 before float64 takes over. */
export const ROW = 1024;
/** Elements per block (measured: 32 Ki 2.2, 64 Ki 2.2, 128 Ki 2.4 GB/s of bf16 per thread). */
export const BLOCK = 131_072;

interface FloatFormat {
  element: ElementType;
  /** Smallest normal number, where weights are often smaller. */
  minNormal?: number;
  /** ulp(w) = 2^exponent · epsilon. */
  epsilon: number;
}

/** Formats whose values and differences fp32 represents without loss beyond one rounding of the difference. */
const FORMATS: Partial<Record<Dtype, FloatFormat>> = {
  BF16: { element: ElementType.BFLOAT16, epsilon: 2 ** -7 },
  F16: { element: ElementType.FLOAT16, minNormal: 2 ** -14, epsilon: 2 ** -10 },
  F32: { element: ElementType.FLOAT, epsilon: 2 ** -23 },
};

/** True where the graph can do it; everything else takes the float64 path. */
export function hasKernel(dtype: Dtype): boolean {
  return FORMATS[dtype] !== undefined;
}

export interface KernelSource {
  realPath: string;
  dtype: Dtype;
  /** Absolute byte offset of the piece. */
  begin: number;
}

/** Outputs per pair of stages. */
export const PAIR_OUTPUTS = 4;

/** Rows of all stages that may be held as fp32 at once: 8 MiB. */
const ROWS_AT_ONCE = 2048;

/** Elements per block: those of many stages together stay as near the core as those of a few. */
function blockFor(stages: number): number {
  return Math.min(BLOCK, ROW * Math.max(8, Math.floor(ROWS_AT_ONCE / stages)));
}

/** The later stages of pairs, each once, in ascending order: those whose rounding is summed. */
export function laterStages(pairs: readonly StagePair[]): number[] {
  return [...new Set(pairs.map(([, later]) => later))].sort((a, b) => a - b);
}

/**
 * Outputs of the graph, in order: per stage Σw²; per pair ΣΔ², max Δ, min Δ, changed; per later stage Σ(2^exponent)².
 * Each comes for the blocks (`[blocks, rows of a block, 1, 1]`) and for what is left after the last whole block
 * (`[rest / ROW, 1, 1]`).
 */
export function diffGraph(
  root: string,
  sources: readonly KernelSource[],
  elements: number,
  pairs: readonly StagePair[] = neighbours(sources.length),
): Graph {
  if (elements % ROW !== 0) throw new RangeError(`${elements} elements are not whole rows of ${ROW}`);
  const graph = new Graph();
  const block = blockFor(sources.length);
  const blocks = Math.floor(elements / block);
  const rest = elements % block;
  const weights = (offset: number, dims: number[]) =>
    sources.map(({ realPath, dtype, begin }) => {
      const length = dims.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
      return graph.external(
        FORMATS[dtype]!.element,
        dims,
        fileRange(root, realPath, begin + offset * DTYPE_BYTES[dtype], length),
      );
    });
  const formats = sources.map(({ dtype }) => FORMATS[dtype]!);

  if (blocks > 0) {
    const rows = block / ROW;
    const body = new Graph('block/');
    const inputs = formats.map((format, index) => body.input(`stage_${index}`, format.element, [rows, 1, ROW]));
    const sums = blockSums(body, inputs, formats, pairs);
    sums.forEach((sum, index) => body.output(`sum_${index}`, sum, ElementType.FLOAT, [rows, 1, 1]));
    const outputs = graph.nodeOf('Scan', weights(0, [blocks, rows, 1, ROW]), sums.length, {
      body: { graph: body },
      num_scan_inputs: sources.length,
    });
    outputs.forEach((output, index) =>
      graph.output(`blocks_${index}`, output, ElementType.FLOAT, [blocks, rows, 1, 1]),
    );
  }
  if (rest > 0) {
    const sums = blockSums(graph, weights(blocks * block, [rest / ROW, 1, ROW]), formats, pairs);
    sums.forEach((sum, index) => graph.output(`rest_${index}`, sum, ElementType.FLOAT, [rest / ROW, 1, 1]));
  }
  return graph;
}

function blockSums(
  graph: Graph,
  stages: readonly Value[],
  formats: readonly FloatFormat[],
  pairs: readonly StagePair[],
): Value[] {
  const axis = graph.ints(2);
  const reduce = (op: 'ReduceSum' | 'ReduceMax' | 'ReduceMin', value: Value) => graph.node(op, [value, axis]);
  /** A row times itself, transposed: multiplies and adds in one pass. */
  const squares = (value: Value) => graph.microsoft('FusedMatMul', [value, value], { transB: 1 });
  const toFloat = (value: Value) => graph.node('Cast', [value], { to: ElementType.FLOAT });
  const floats = stages.map(toFloat);
  const perPair = pairs.flatMap(([earlier, later]) => {
    const delta = graph.node('Sub', [floats[later]!, floats[earlier]!]);
    const changed = toFloat(graph.node('Cast', [delta], { to: ElementType.BOOL }));
    return [squares(delta), reduce('ReduceMax', delta), reduce('ReduceMin', delta), reduce('ReduceSum', changed)];
  });
  const floors = laterStages(pairs).map((stage) => squares(powerOfTwo(graph, floats[stage]!, formats[stage]!)));
  return [...floats.map(squares), ...perPair, ...floors];
}

/**
 * 2^⌊log₂|w|⌋, of either sign, in three roundings (Rump's "unit in the first place"): scaled up until it has no room
 * below, a number and its predecessor differ by one unit. NaN above 4e31, where the caller takes the other path.
 */
function powerOfTwo(graph: Graph, weight: Value, format: FloatFormat): Value {
  const scaled = graph.node('Mul', [weight, graph.scalar(2 ** 23 + 1)]);
  const power = graph.node('Sub', [scaled, graph.node('Mul', [scaled, graph.scalar(1 - 2 ** -24)])]);
  // Below the smallest normal number the spacing no longer shrinks; only in F16 does that show.
  return format.minNormal === undefined
    ? power
    : graph.node('Max', [graph.node('Abs', [power]), graph.scalar(format.minNormal)]);
}

/** ulp(w)² = (2^exponent)² · this. */
export function epsilonSquared(dtype: Dtype): number {
  return FORMATS[dtype]!.epsilon ** 2;
}
