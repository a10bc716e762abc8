/** Pieces of graphs that several layers share: weights, linear maps, norms, activations. Activations are fp32. */
import type { Activation } from '../../families/family.js';
import { ElementType, Graph, type Value } from '../../onnx/graph.js';

/** How a weight matrix enters a graph: fp32, or the 16 bits on disk, widened inside the graph at every use. */
export type WeightFormat = 'F32' | 'BF16' | 'F16';

export const ACTIVATIONS: readonly string[] = [
  'silu',
  'gelu',
  'gelu_pytorch_tanh',
  'quick_gelu',
] satisfies Activation[];

/** An omitted optional input. */
export const NONE: Value = { name: '' };

/** A weight matrix as it enters a graph. */
export interface Matrix {
  /** fp32, or the bits of 16-bit numbers: JavaScript has no bfloat16 tensor. */
  value: Value;
  columns: number;
  format: WeightFormat;
  /** Stored rows that are widened at once; 0: all. */
  blockRows: number;
  /** Stored `[in, out]`; left out: `[out, in]`. `columns` are the stored ones. */
  inputsFirst?: boolean;
}

/** fp32 numbers of a block of rows: few enough to stay in a processor's cache between widening and use. */
const BLOCK_NUMBERS = 1 << 20;
/** Fewer rows at once are not worth a turn. */
const LEAST_ROWS = 8;

/**
 * Rows of a 16-bit matrix that are widened at once, so many that blocks are equally large. 0: all at once, since the
 * matrix is small, or its rows do not divide. Measured at 37,888 × 3,584: one token 7 times as fast as widening it all,
 * 300 tokens 1.6 times, and no fp32 copy.
 */
export function blockRowsOf(rows: number, columns: number): number {
  if (rows * columns <= 2 * BLOCK_NUMBERS) return 0;
  for (let count = Math.floor(BLOCK_NUMBERS / columns); count >= LEAST_ROWS; count--)
    if (rows % count === 0) return count;
  return 0;
}

/** A weight matrix as an input named `name`. */
export function matrix(graph: Graph, name: string, rows: number, columns: number, format: WeightFormat): Matrix {
  return someRows(graph, name, rows, columns, format, blockRowsOf(rows, columns));
}

/** A weight matrix that may be stored `[in, out]`. */
export function matrixAs(
  graph: Graph,
  name: string,
  outputs: number,
  inputs: number,
  format: WeightFormat,
  inputsFirst: boolean,
): Matrix {
  return inputsFirst
    ? { ...matrix(graph, name, inputs, outputs, format), inputsFirst }
    : matrix(graph, name, outputs, inputs, format);
}

/** A matrix of as many rows as are given at a time, a multiple of `blockRows`. */
export function someRows(
  graph: Graph,
  name: string,
  rows: number | string,
  columns: number,
  format: WeightFormat,
  blockRows: number,
): Matrix {
  return {
    value: graph.input(name, format === 'F32' ? ElementType.FLOAT : ElementType.UINT16, [rows, columns]),
    columns,
    format,
    blockRows,
  };
}

function widened(graph: Graph, bits: Value, format: WeightFormat): Value {
  if (format === 'F32') return bits;
  const half = graph.node('BitCast', [bits], { to: format === 'BF16' ? ElementType.BFLOAT16 : ElementType.FLOAT16 });
  return graph.node('Cast', [half], { to: ElementType.FLOAT });
}

/** An fp32 vector as an input: norms and biases. */
export function vector(graph: Graph, name: string, size: number): Value {
  return graph.input(name, ElementType.FLOAT, [size]);
}

/**
 * x·Wᵀ + b with W as it lies in the checkpoint, `[out, in]`: measured as fast as a transposed copy, and no copy. With
 * W stored `[in, out]`, x·W + b.
 * @param x of `rank` dimensions, the last one the matrix's inputs; 2 for a matrix stored `[in, out]`.
 */
export function linear(graph: Graph, x: Value, rank: 2 | 3, weight: Matrix, bias?: Value): Value {
  const product = productOf(graph, x, rank, weight);
  return bias === undefined ? product : graph.node('Add', [product, bias]);
}

function productOf(graph: Graph, x: Value, rank: 2 | 3, weight: Matrix): Value {
  const inBlocks = weight.format !== 'F32' && weight.blockRows > 0;
  if (weight.inputsFirst && inBlocks) return summedBlocks(graph, x, weight);
  if (inBlocks) return blockwise(graph, x, rank, weight);
  const values = widened(graph, weight.value, weight.format);
  return weight.inputsFirst
    ? graph.node('MatMul', [x, values])
    : graph.microsoft('FusedMatMul', [x, values], { transB: 1 });
}

/** x·W of a matrix stored `[in, out]`, some inputs at a time, whose products are added. `x` is `[n, in]`. */
function summedBlocks(graph: Graph, x: Value, { value, columns, format, blockRows }: Matrix): Value {
  const body = new Graph(`${value.name}_`);
  const sum = body.input('sum', ElementType.FLOAT, ['rows', columns]);
  const some = body.input('some', ElementType.FLOAT, ['rows', blockRows]);
  const bits = body.input('bits', ElementType.UINT16, [blockRows, columns]);
  const product = body.node('MatMul', [some, widened(body, bits, format)]);
  body.output('total', body.node('Add', [sum, product]), ElementType.FLOAT, ['rows', columns]);
  const rows = graph.node('Shape', [x], { start: 0, end: 1 });
  const nothing = graph.node('Expand', [
    graph.scalar(0),
    graph.node('Concat', [rows, graph.ints(columns)], { axis: 0 }),
  ]);
  const parts = graph.node('Transpose', [graph.node('Reshape', [x, graph.ints(0, -1, blockRows)])], {
    perm: { ints: [1, 0, 2] },
  });
  const blocks = graph.node('Reshape', [value, graph.ints(-1, blockRows, columns)]);
  return graph.node('Scan', [nothing, parts, blocks], { body: { graph: body }, num_scan_inputs: 2 });
}

/** The product block of rows by block of rows, each widened when it is its turn. */
function blockwise(graph: Graph, x: Value, rank: 2 | 3, { value, columns, format, blockRows }: Matrix): Value {
  const body = new Graph(`${value.name}_`);
  const bits = body.input('bits', ElementType.UINT16, [blockRows, columns]);
  body.output(
    'part',
    body.microsoft('FusedMatMul', [x, widened(body, bits, format)], { transB: 1 }),
    ElementType.FLOAT,
    [...Array.from({ length: rank - 1 }, (_, axis) => `part${axis}`), blockRows],
  );
  const blocks = graph.node('Reshape', [value, graph.ints(-1, blockRows, columns)]);
  // Parts come one behind the other; stacked before their last axis they are the rows in order.
  const parts = graph.node('Scan', [blocks], {
    body: { graph: body },
    num_scan_inputs: 1,
    scan_output_axes: { ints: [rank - 1] },
  });
  return graph.node('Reshape', [parts, graph.ints(...Array.from({ length: rank - 1 }, () => 0), -1)]);
}

export function rmsNorm(graph: Graph, x: Value, scale: Value, epsilon: number): Value {
  return graph.node('RMSNormalization', [x, scale], { axis: -1, epsilon: { float: epsilon } });
}

export function layerNorm(graph: Graph, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return graph.node('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: epsilon } });
}

export function activate(graph: Graph, x: Value, kind: Activation): Value {
  switch (kind) {
    // x·sigmoid(αx): silu at α = 1.
    case 'silu':
      return graph.microsoft('QuickGelu', [x], { alpha: { float: 1 } });
    case 'quick_gelu':
      return graph.microsoft('QuickGelu', [x], { alpha: { float: 1.702 } });
    case 'gelu':
      return graph.node('Gelu', [x]);
    case 'gelu_pytorch_tanh':
      return graph.node('Gelu', [x], { approximate: { text: 'tanh' } });
  }
}

/** down(act(gate(x))·up(x)), gate and up stacked in one matrix of `2 · inner` rows. */
export function gatedMlp(
  graph: Graph,
  x: Value,
  rank: 2 | 3,
  {
    gateUp,
    gateUpBias,
    down,
    downBias,
    inner,
    activation,
  }: {
    gateUp: Matrix;
    gateUpBias?: Value | undefined;
    down: Matrix;
    downBias?: Value | undefined;
    inner: number;
    activation: Activation;
  },
): Value {
  const both = linear(graph, x, rank, gateUp, gateUpBias);
  const [gate, up] = graph.nodeOf('Split', [both, graph.ints(inner, inner)], 2, { axis: -1 });
  return linear(graph, graph.node('Mul', [activate(graph, gate!, activation), up!]), rank, down, downBias);
}

/** softmax(q·kᵀ/√d + mask), over the last axis. Axes before the last two are batch axes. */
export function attentionWeights(
  graph: Graph,
  q: Value,
  k: Value,
  headDim: number,
  mask?: (scores: Value) => Value,
): Value {
  const scores = graph.microsoft('FusedMatMul', [q, k], { transB: 1, alpha: { float: headDim ** -0.5 } });
  return graph.node('Softmax', [mask?.(scores) ?? scores], { axis: -1 });
}
