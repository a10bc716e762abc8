/**
 * The diff as an ONNX graph over checkpoint bytes: no inputs, weights are file ranges, outputs are row sums.
 *
 * A piece of a tensor is walked in blocks that fit the L2 cache (`Scan` slices its operands without copying), and
 * each block is reduced in rows of 256 in fp32; rows are added in float64 outside. 256 fp32 additions keep the sums
 * within 1e-6 of float64, which one long fp32 sum does not.
 */
import { ElementType, Graph, type Value } from '../onnx/graph.js';
import { fileRange } from '../runtime/session.js';
import type { Dtype } from '../checkpoint/checkpoint.js';

/** Elements summed in fp32 before float64 takes over. */
export const ROW = 256;
/** Elements per block: 64 Ki fp32 temporaries of 256 KiB stay in L2 (measured: 16 Ki … 128 Ki within 10 %). */
const BLOCK = 65_536;

interface FloatFormat {
  element: ElementType;
  /** An integer type of the same width, its exponent bits, and the smallest normal number. */
  integer: ElementType;
  exponentMask: Uint16Array | Uint32Array;
  minNormal: number;
  /** ulp(w) = 2^exponent · epsilon. */
  epsilon: number;
}

/** Formats whose values and differences fp32 represents without loss beyond one rounding of the difference. */
const FORMATS: Partial<Record<Dtype, FloatFormat>> = {
  BF16: { element: ElementType.BFLOAT16, integer: ElementType.UINT16, exponentMask: Uint16Array.of(0x7f80), minNormal: 2 ** -126, epsilon: 2 ** -7 },
  F16: { element: ElementType.FLOAT16, integer: ElementType.UINT16, exponentMask: Uint16Array.of(0x7c00), minNormal: 2 ** -14, epsilon: 2 ** -10 },
  F32: { element: ElementType.FLOAT, integer: ElementType.UINT32, exponentMask: Uint32Array.of(0x7f800000), minNormal: 2 ** -126, epsilon: 2 ** -23 },
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

const BYTES = { BF16: 2, F16: 2, F32: 4 } as Record<string, number>;

/**
 * Outputs of the graph, in order: per stage Σw²; per pair ΣΔ², max Δ², changed, Σ(2^exponent)². Each comes for the
 * blocks (`[blocks, BLOCK / ROW]`) and for what is left after the last whole block (`[rest / ROW]`).
 */
export function diffGraph(root: string, sources: readonly KernelSource[], elements: number): Graph {
  if (elements % ROW !== 0) throw new RangeError(`${elements} elements are not whole rows of ${ROW}`);
  const graph = new Graph();
  const blocks = Math.floor(elements / BLOCK);
  const rest = elements % BLOCK;
  const weights = (offset: number, dims: number[]) =>
    sources.map(({ realPath, dtype, begin }) => {
      const length = dims.reduce((product, size) => product * size, BYTES[dtype]!);
      return graph.external(FORMATS[dtype]!.element, dims, fileRange(root, realPath, begin + offset * BYTES[dtype]!, length));
    });
  const formats = sources.map(({ dtype }) => FORMATS[dtype]!);

  if (blocks > 0) {
    const body = new Graph('block/');
    const inputs = formats.map((format, index) => body.input(`stage_${index}`, format.element, [BLOCK]));
    const sums = blockSums(body, inputs, formats, BLOCK);
    sums.forEach((sum, index) => body.output(`sum_${index}`, sum, ElementType.FLOAT, [BLOCK / ROW]));
    const outputs = graph.nodeOf('Scan', weights(0, [blocks, BLOCK]), sums.length, { body: { graph: body }, num_scan_inputs: sources.length });
    outputs.forEach((output, index) => graph.output(`blocks_${index}`, output, ElementType.FLOAT, [blocks, BLOCK / ROW]));
  }
  if (rest > 0) {
    const sums = blockSums(graph, weights(blocks * BLOCK, [rest]), formats, rest);
    sums.forEach((sum, index) => graph.output(`rest_${index}`, sum, ElementType.FLOAT, [rest / ROW]));
  }
  return graph;
}

function blockSums(graph: Graph, stages: readonly Value[], formats: readonly FloatFormat[], elements: number): Value[] {
  const rows = graph.ints(elements / ROW, ROW);
  const axis = graph.ints(1);
  const reduce = (op: 'ReduceSum' | 'ReduceMax', value: Value) => graph.node(op, [graph.node('Reshape', [value, rows]), axis], { keepdims: 0 });
  const square = (value: Value) => graph.node('Mul', [value, value]);
  const toFloat = (value: Value) => graph.node('Cast', [value], { to: ElementType.FLOAT });

  const floats = stages.map(toFloat);
  const perStage = floats.map((value) => reduce('ReduceSum', square(value)));
  const perPair = floats.slice(1).flatMap((later, index) => {
    const delta = graph.node('Sub', [later, floats[index]!]);
    const squared = square(delta);
    const changed = toFloat(graph.node('Cast', [delta], { to: ElementType.BOOL }));
    const exponent = toFloat(powerOfTwo(graph, stages[index + 1]!, formats[index + 1]!));
    // Below the smallest normal number the spacing no longer shrinks; only in F16 does that show.
    const spacing = formats[index + 1]!.element === ElementType.FLOAT16
      ? graph.node('Max', [exponent, graph.scalar(formats[index + 1]!.minNormal)])
      : exponent;
    return [reduce('ReduceSum', squared), reduce('ReduceMax', squared), reduce('ReduceSum', changed), reduce('ReduceSum', square(spacing))];
  });
  return [...perStage, ...perPair];
}

/** 2^⌊log₂|w|⌋ by masking the exponent bits; 0 for zeros and subnormals. */
function powerOfTwo(graph: Graph, weight: Value, format: FloatFormat): Value {
  const bits = graph.node('BitCast', [weight], { to: format.integer });
  const exponent = graph.node('BitwiseAnd', [bits, graph.constant(format.integer, [], format.exponentMask)]);
  return graph.node('BitCast', [exponent], { to: format.element });
}

/** ulp(w)² = (2^exponent)² · this. */
export function epsilonSquared(dtype: Dtype): number {
  return FORMATS[dtype]!.epsilon ** 2;
}
