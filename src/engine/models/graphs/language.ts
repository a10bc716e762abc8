/**
 * One layer of the language model as two graphs, reused for every layer and every checkpoint of the same shape:
 * the first makes queries, keys and values; the second attends over the cache and adds the MLP. Between the two, keys
 * and values can be edited. Weights are inputs.
 *
 * Dimensions: B rows of the batch, S tokens of this pass, C slots of the cache.
 */
import type { Activation } from '../../families/family.js';
import { ElementType, Graph } from '../../onnx/graph.js';
import { type WeightFormat, attentionWeights, gatedMlp, linear, matrix, rmsNorm, someRows, vector } from './ops.js';

export interface LayerShape {
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  inner: number;
  epsilon: number;
  activation: Activation;
  qkvBias: boolean;
  outputBias: boolean;
  mlpBias: boolean;
  /** RMS norm of every query and key head before the rotation (Qwen3). */
  qkNorm: boolean;
}

/**
 * Norm, projections, rotation.
 * In: `x [B, S, hidden]`, `cos`/`sin [B, S, headDim / 2]`, weights. Out: `q [B, heads, S, headDim]`, `k`/`v [B,
 * kvHeads, S, headDim]`.
 */
export function projectionGraph(shape: LayerShape, format: WeightFormat): Graph {
  const { hidden, heads, kvHeads, headDim } = shape;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', 'S', hidden]);
  const cos = graph.input('cos', ElementType.FLOAT, ['B', 'S', headDim / 2]);
  const sin = graph.input('sin', ElementType.FLOAT, ['B', 'S', headDim / 2]);
  const all = heads + 2 * kvHeads;
  const normed = rmsNorm(graph, x, vector(graph, 'norm1', hidden), shape.epsilon);
  const weight = matrix(graph, 'qkv', all * headDim, hidden, format);
  const projected = linear(
    graph,
    normed,
    3,
    weight,
    shape.qkvBias ? vector(graph, 'qkvBias', all * headDim) : undefined,
  );
  const byHead = graph.node('Transpose', [graph.node('Reshape', [projected, graph.ints(0, 0, all, headDim)])], {
    perm: { ints: [0, 2, 1, 3] },
  });
  const [q, k, v] = graph.nodeOf('Split', [byHead, graph.ints(heads, kvHeads, kvHeads)], 3, { axis: 1 });
  const qn = shape.qkNorm ? rmsNorm(graph, q!, vector(graph, 'qNorm', headDim), shape.epsilon) : q!;
  const kn = shape.qkNorm ? rmsNorm(graph, k!, vector(graph, 'kNorm', headDim), shape.epsilon) : k!;
  graph.output('q', graph.node('RotaryEmbedding', [qn, cos, sin]), ElementType.FLOAT, ['B', heads, 'S', headDim]);
  graph.output('k', graph.node('RotaryEmbedding', [kn, cos, sin]), ElementType.FLOAT, ['B', kvHeads, 'S', headDim]);
  graph.output('v', v!, ElementType.FLOAT, ['B', kvHeads, 'S', headDim]);
  return graph;
}

export interface BlockVariant {
  format: WeightFormat;
  /** Takes `gates [2, B, 1, 1]`, by which each row's attention and MLP are multiplied before they are added. */
  gated: boolean;
  /** Also gives `weights [B, heads, S, C]`, the attention probabilities. */
  weights: boolean;
}

/**
 * Attention over the cache, output projection, residual, MLP, residual. Query heads that share a key head are rows of
 * one product, so keys and values are never repeated.
 * In: `x [B, S, hidden]`, `q`, `k`/`v [B, kvHeads, C, headDim]`, `mask [B or 1, 1, S, C]` (added), weights. Out: `y [B,
 * S, hidden]`.
 */
export function blockGraph(shape: LayerShape, variant: BlockVariant): Graph {
  const { hidden, heads, kvHeads, headDim, inner } = shape;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', 'S', hidden]);
  const q = graph.input('q', ElementType.FLOAT, ['B', heads, 'S', headDim]);
  const k = graph.input('k', ElementType.FLOAT, ['B', kvHeads, 'C', headDim]);
  const v = graph.input('v', ElementType.FLOAT, ['B', kvHeads, 'C', headDim]);
  const mask = graph.input('mask', ElementType.FLOAT, ['M', 1, 'S', 'C']);
  const gates = variant.gated
    ? graph.nodeOf('Split', [graph.input('gates', ElementType.FLOAT, [2, 'B', 1, 1])], 2, { axis: 0, num_outputs: 2 })
    : [];
  const gate = (index: number) => graph.node('Squeeze', [gates[index]!, graph.ints(0)]);

  const slots = graph.node('Shape', [k], { start: 2, end: 3 });
  const perHead = graph.node('Concat', [graph.ints(0, heads, -1), slots], { axis: 0 });
  const perKvHead = graph.node('Concat', [graph.ints(0, kvHeads, -1), slots], { axis: 0 });
  const grouped = graph.node('Reshape', [q, graph.ints(0, kvHeads, -1, headDim)]);
  const weights = attentionWeights(graph, grouped, k, headDim, (scores) =>
    graph.node('Add', [graph.node('Reshape', [scores, perHead]), mask]),
  );
  const mixed = graph.node('MatMul', [graph.node('Reshape', [weights, perKvHead]), v]);
  const byToken = graph.node('Transpose', [graph.node('Reshape', [mixed, graph.ints(0, heads, -1, headDim)])], {
    perm: { ints: [0, 2, 1, 3] },
  });
  const flat = graph.node('Reshape', [byToken, graph.ints(0, 0, heads * headDim)]);
  let attention = linear(
    graph,
    flat,
    3,
    matrix(graph, 'output', hidden, heads * headDim, variant.format),
    shape.outputBias ? vector(graph, 'outputBias', hidden) : undefined,
  );
  if (variant.gated) attention = graph.node('Mul', [attention, gate(0)]);
  const between = graph.node('Add', [x, attention]);

  let mlp = gatedMlp(graph, rmsNorm(graph, between, vector(graph, 'norm2', hidden), shape.epsilon), 3, {
    gateUp: matrix(graph, 'gateUp', 2 * inner, hidden, variant.format),
    gateUpBias: shape.mlpBias ? vector(graph, 'gateUpBias', 2 * inner) : undefined,
    down: matrix(graph, 'down', hidden, inner, variant.format),
    downBias: shape.mlpBias ? vector(graph, 'downBias', hidden) : undefined,
    inner,
    activation: shape.activation,
  });
  if (variant.gated) mlp = graph.node('Mul', [mlp, gate(1)]);
  graph.output('y', graph.node('Add', [between, mlp]), ElementType.FLOAT, ['B', 'S', hidden]);
  if (variant.weights) graph.output('weights', weights, ElementType.FLOAT, ['B', heads, 'S', 'C']);
  return graph;
}

/**
 * Final norm and some rows of the vocabulary, a multiple of `blockRows`. In: `x [B, hidden]`, weights. Out: `logits [B,
 * V]`.
 */
export function headGraph(hidden: number, epsilon: number, format: WeightFormat, blockRows: number): Graph {
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', hidden]);
  const normed = rmsNorm(graph, x, vector(graph, 'norm', hidden), epsilon);
  graph.output(
    'logits',
    linear(graph, normed, 2, someRows(graph, 'head', 'V', hidden, format, blockRows)),
    ElementType.FLOAT,
    ['B', 'V'],
  );
  return graph;
}
