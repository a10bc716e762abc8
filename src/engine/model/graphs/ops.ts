/** Pieces of graphs that several layers share: weights, linear maps, norms, activations. Activations are fp32. */
import { ElementType, type Graph, type Value } from '../../onnx/graph.js';

/** How a weight matrix enters a graph: fp32, or the 16 bits on disk, widened inside the graph at every use. */
export type WeightFormat = 'F32' | 'BF16' | 'F16';

/** Functions between the matrices of an MLP, by the names that configs use. */
export type Activation = 'silu' | 'gelu' | 'gelu_pytorch_tanh' | 'quick_gelu';

export const ACTIVATIONS: readonly string[] = ['silu', 'gelu', 'gelu_pytorch_tanh', 'quick_gelu'] satisfies Activation[];

/** An omitted optional input. */
export const NONE: Value = { name: '' };

/** A weight matrix as an input named `name`. Sixteen-bit ones come as `uint16`, since JavaScript has no bfloat16 tensor. */
export function matrix(graph: Graph, name: string, rows: number | string, columns: number, format: WeightFormat): Value {
  if (format === 'F32') return graph.input(name, ElementType.FLOAT, [rows, columns]);
  const bits = graph.input(name, ElementType.UINT16, [rows, columns]);
  const half = graph.node('BitCast', [bits], { to: format === 'BF16' ? ElementType.BFLOAT16 : ElementType.FLOAT16 });
  return graph.node('Cast', [half], { to: ElementType.FLOAT });
}

/** An fp32 vector as an input: norms and biases. */
export function vector(graph: Graph, name: string, size: number): Value {
  return graph.input(name, ElementType.FLOAT, [size]);
}

/**
 * x·Wᵀ + b with W as it lies in the checkpoint, `[out, in]`: measured as fast as a transposed copy, and no copy.
 */
export function linear(graph: Graph, x: Value, weight: Value, bias?: Value): Value {
  const product = graph.microsoft('FusedMatMul', [x, weight], { transB: 1 });
  return bias === undefined ? product : graph.node('Add', [product, bias]);
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
    case 'silu': return graph.microsoft('QuickGelu', [x], { alpha: { float: 1 } });
    case 'quick_gelu': return graph.microsoft('QuickGelu', [x], { alpha: { float: 1.702 } });
    case 'gelu': return graph.node('Gelu', [x]);
    case 'gelu_pytorch_tanh': return graph.node('Gelu', [x], { approximate: { text: 'tanh' } });
  }
}

/** down(act(gate(x))·up(x)), gate and up stacked in one matrix of `2 · inner` rows. */
export function gatedMlp(
  graph: Graph,
  x: Value,
  { gateUp, gateUpBias, down, downBias, inner, activation }: { gateUp: Value; gateUpBias?: Value | undefined; down: Value; downBias?: Value | undefined; inner: number; activation: Activation },
): Value {
  const both = linear(graph, x, gateUp, gateUpBias);
  const [gate, up] = graph.nodeOf('Split', [both, graph.ints(inner, inner)], 2, { axis: -1 });
  return linear(graph, graph.node('Mul', [activate(graph, gate!, activation), up!]), down, downBias);
}

/** softmax(q·kᵀ/√d + mask), over the last axis. Axes before the last two are batch axes. */
export function attentionWeights(graph: Graph, q: Value, k: Value, headDim: number, mask?: (scores: Value) => Value): Value {
  const scores = graph.microsoft('FusedMatMul', [q, k], { transB: 1, alpha: { float: headDim ** -0.5 } });
  return graph.node('Softmax', [mask?.(scores) ?? scores], { axis: -1 });
}
