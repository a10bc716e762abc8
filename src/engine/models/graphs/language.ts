/**
 * One layer of the language model as two graphs, reused for every layer and every checkpoint of the same shape:
 * the first makes queries, keys and values; the second attends over the cache and adds the MLP. Between the two, keys
 * and values can be edited. Weights are inputs. (Layers without attention: `graphs/linear.ts`.)
 *
 * Dimensions: B rows of the batch, S tokens of this pass, C slots of the cache.
 */
import type { Activation } from '../../families/family.js';
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import { routedMlp } from './experts.js';
import type { ExpertShape } from './expertShape.js';
import type { LinearShape } from './linearShape.js';
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
  /** Dimensions of a head that are rotated, the first ones. */
  rotated: number;
  /** Every query head comes with a gate of its size, stored behind it (Qwen3.5). */
  outputGate: boolean;
  /** Norms are stored as the distance from one. */
  unitNorms: boolean;
  /** What attention and MLP give is normalised before it is added. */
  sandwichNorms: boolean;
  /** By which scores are multiplied. */
  scoreScale: number;
  /** The layers that carry a state in place of attention; null: there are none. */
  linear: LinearShape | null;
  /** The layers whose MLP is a choice of experts; null: there are none. `inner` is that of the others. */
  experts: ExpertShape | null;
}

/**
 * Norm, projections, rotation.
 * In: `x [B, S, hidden]`, `cos`/`sin [B, S, rotated / 2]`, weights. Out: `q [B, heads, S, headDim]`, `k`/`v [B,
 * kvHeads, S, headDim]`; with output gates `gate`, of the queries' shape.
 */
export function projectionGraph(shape: LayerShape, format: WeightFormat): Graph {
  const { hidden, headDim } = shape;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', 'S', hidden]);
  const all = projectedHeads(shape);
  const normed = rmsNorm(graph, x, vector(graph, 'norm1', hidden), shape.epsilon);
  const weight = matrix(graph, 'qkv', all * headDim, hidden, format);
  const projected = linear(
    graph,
    normed,
    3,
    weight,
    shape.qkvBias ? vector(graph, 'qkvBias', all * headDim) : undefined,
  );
  addHeads(graph, shape, projected);
  return graph;
}

/** The same without the product: `projected [B, S, projected heads · headDim]` is given. */
export function headsGraph(shape: LayerShape): Graph {
  const graph = new Graph();
  const width = projectedHeads(shape) * shape.headDim;
  addHeads(graph, shape, graph.input('projected', ElementType.FLOAT, ['B', 'S', width]));
  return graph;
}

/** Queries, keys and values out of what was projected: normed, rotated, by head. */
function addHeads(graph: Graph, shape: LayerShape, projected: Value): void {
  const { heads, kvHeads, headDim, rotated } = shape;
  const cos = graph.input('cos', ElementType.FLOAT, ['B', 'S', rotated / 2]);
  const sin = graph.input('sin', ElementType.FLOAT, ['B', 'S', rotated / 2]);
  const queries = queryHeads(shape);
  const all = projectedHeads(shape);
  const byHead = graph.node('Transpose', [graph.node('Reshape', [projected, graph.ints(0, 0, all, headDim)])], {
    perm: { ints: [0, 2, 1, 3] },
  });
  const [first, k, v] = graph.nodeOf('Split', [byHead, graph.ints(queries, kvHeads, kvHeads)], 3, { axis: 1 });
  let q = first!;
  if (shape.outputGate) {
    const pairs = graph.node('Reshape', [q, graph.ints(0, heads, 2, -1, headDim)]);
    const [own, gate] = graph.nodeOf('Split', [pairs, graph.ints(1, 1)], 2, { axis: 2 });
    q = graph.node('Squeeze', [own!, graph.ints(2)]);
    graph.output('gate', graph.node('Squeeze', [gate!, graph.ints(2)]), ElementType.FLOAT, ['B', heads, 'S', headDim]);
  }
  const qn = shape.qkNorm ? rmsNorm(graph, q, vector(graph, 'qNorm', headDim), shape.epsilon) : q;
  const kn = shape.qkNorm ? rmsNorm(graph, k!, vector(graph, 'kNorm', headDim), shape.epsilon) : k!;
  const rotate = (value: Value) =>
    graph.node('RotaryEmbedding', [value, cos, sin], { rotary_embedding_dim: rotated === headDim ? 0 : rotated });
  graph.output('q', rotate(qn), ElementType.FLOAT, ['B', heads, 'S', headDim]);
  graph.output('k', rotate(kn), ElementType.FLOAT, ['B', kvHeads, 'S', headDim]);
  graph.output('v', v!, ElementType.FLOAT, ['B', kvHeads, 'S', headDim]);
}

/** Rows of the query matrix, in heads: with output gates, two per head. */
export function queryHeads({ heads, outputGate }: LayerShape): number {
  return outputGate ? 2 * heads : heads;
}

/** Rows of the matrix of queries, keys and values, in heads. */
export function projectedHeads(shape: LayerShape): number {
  return queryHeads(shape) + 2 * shape.kvHeads;
}

export interface BlockVariant {
  format: WeightFormat;
  /** Takes `gates [2, B, 1, 1]`, by which each row's attention and MLP are multiplied before they are added. */
  gated: boolean;
  /** Also gives `weights [B, heads, S, C]`, the attention probabilities. */
  weights: boolean;
  /** The MLP is a choice of experts: `y` is still without them, and their inputs and scores are given (`routedMlp`). */
  routed: boolean;
}

/**
 * Attention over the cache, output projection, residual, MLP, residual. Query heads that share a key head are rows of
 * one product, so keys and values are never repeated.
 * In: `x [B, S, hidden]`, `q`, `k`/`v [B, kvHeads, C, headDim]`, `mask [B or 1, 1, S, C]` (added), with output gates
 * `gate`, weights. Out: `y [B, S, hidden]`.
 */
export function blockGraph(shape: LayerShape, variant: BlockVariant): Graph {
  const { hidden, heads, headDim } = shape;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', 'S', hidden]);
  const { mixed, weights } = attention(graph, shape);
  addMixedAndMlp(graph, shape, variant, { x, mixed, width: heads * headDim, bias: shape.outputBias });
  if (variant.weights) graph.output('weights', weights, ElementType.FLOAT, ['B', heads, 'S', 'C']);
  return graph;
}

/** The attention of `blockGraph` alone. Out: `mixed [B, S, heads · headDim]`; as asked for `weights`. */
export function attentionGraph(shape: LayerShape, variant: Pick<BlockVariant, 'weights'>): Graph {
  const { heads, headDim } = shape;
  const graph = new Graph();
  const { mixed, weights } = attention(graph, shape);
  graph.output('mixed', mixed, ElementType.FLOAT, ['B', 'S', heads * headDim]);
  if (variant.weights) graph.output('weights', weights, ElementType.FLOAT, ['B', heads, 'S', 'C']);
  return graph;
}

function attention(graph: Graph, shape: LayerShape): { mixed: Value; weights: Value } {
  const { heads, kvHeads, headDim } = shape;
  const q = graph.input('q', ElementType.FLOAT, ['B', heads, 'S', headDim]);
  const k = graph.input('k', ElementType.FLOAT, ['B', kvHeads, 'C', headDim]);
  const v = graph.input('v', ElementType.FLOAT, ['B', kvHeads, 'C', headDim]);
  const mask = graph.input('mask', ElementType.FLOAT, ['M', 1, 'S', 'C']);
  const slots = graph.node('Shape', [k], { start: 2, end: 3 });
  const perHead = graph.node('Concat', [graph.ints(0, heads, -1), slots], { axis: 0 });
  const perKvHead = graph.node('Concat', [graph.ints(0, kvHeads, -1), slots], { axis: 0 });
  const grouped = graph.node('Reshape', [q, graph.ints(0, kvHeads, -1, headDim)]);
  const weights = attentionWeights(graph, grouped, k, shape.scoreScale, (scores) =>
    graph.node('Add', [graph.node('Reshape', [scores, perHead]), mask]),
  );
  const product = graph.node('MatMul', [graph.node('Reshape', [weights, perKvHead]), v]);
  let given = graph.node('Reshape', [product, graph.ints(0, heads, -1, headDim)]);
  if (shape.outputGate) {
    const gate = graph.input('gate', ElementType.FLOAT, ['B', heads, 'S', headDim]);
    given = graph.node('Mul', [given, graph.node('Sigmoid', [gate])]);
  }
  const byToken = graph.node('Transpose', [given], { perm: { ints: [0, 2, 1, 3] } });
  return { mixed: graph.node('Reshape', [byToken, graph.ints(0, 0, heads * headDim)]), weights };
}

/**
 * The second half of a layer, whatever its mixer: output projection, residual, MLP, residual. Out: `y [B, S, hidden]`.
 * @param mixed what the mixer gives, `[B, S, width]`.
 */
export function addMixedAndMlp(
  graph: Graph,
  shape: LayerShape,
  variant: Pick<BlockVariant, 'format' | 'gated' | 'routed'>,
  { x, mixed, width, bias }: { x: Value; mixed: Value; width: number; bias: boolean },
): void {
  const { hidden } = shape;
  const gates = variant.gated
    ? graph.nodeOf('Split', [graph.input('gates', ElementType.FLOAT, [2, 'B', 1, 1])], 2, { axis: 0, num_outputs: 2 })
    : [];
  const gate = (index: number) => graph.node('Squeeze', [gates[index]!, graph.ints(0)]);
  let added = linear(
    graph,
    mixed,
    3,
    matrix(graph, 'output', hidden, width, variant.format),
    bias ? vector(graph, 'outputBias', hidden) : undefined,
  );
  const after = (value: Value, name: string) =>
    shape.sandwichNorms ? rmsNorm(graph, value, vector(graph, name, hidden), shape.epsilon) : value;
  added = after(added, 'postAttention');
  if (variant.gated) added = graph.node('Mul', [added, gate(0)]);
  const between = graph.node('Add', [x, added]);

  const normed = rmsNorm(graph, between, vector(graph, 'norm2', hidden), shape.epsilon);
  let mlp = variant.routed
    ? routedMlp(graph, normed, shape, variant.format)
    : after(denseMlp(graph, normed, shape, variant.format), 'postMlp');
  if (variant.gated && mlp !== undefined) mlp = graph.node('Mul', [mlp, gate(1)]);
  graph.output('y', mlp === undefined ? between : graph.node('Add', [between, mlp]), ElementType.FLOAT, [
    'B',
    'S',
    hidden,
  ]);
}

function denseMlp(graph: Graph, x: Value, shape: LayerShape, format: WeightFormat): Value {
  const { hidden, inner } = shape;
  return gatedMlp(graph, x, 3, {
    gateUp: matrix(graph, 'gateUp', 2 * inner, hidden, format),
    gateUpBias: shape.mlpBias ? vector(graph, 'gateUpBias', 2 * inner) : undefined,
    down: matrix(graph, 'down', hidden, inner, format),
    downBias: shape.mlpBias ? vector(graph, 'downBias', hidden) : undefined,
    inner,
    activation: shape.activation,
  });
}

export interface HeadVariant {
  hidden: number;
  epsilon: number;
  format: WeightFormat;
  blockRows: number;
  /** The bound of logits: cap·tanh(logits / cap). Null: there is none. */
  softcap: number | null;
}

/**
 * Final norm and some rows of the vocabulary, a multiple of `blockRows`. In: `x [B, hidden]`, weights. Out: `logits [B,
 * V]`.
 */
export function headGraph({ hidden, epsilon, format, blockRows, softcap }: HeadVariant): Graph {
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', hidden]);
  const normed = rmsNorm(graph, x, vector(graph, 'norm', hidden), epsilon);
  let logits = linear(graph, normed, 2, someRows(graph, 'head', 'V', hidden, format, blockRows));
  if (softcap !== null) {
    const cap = graph.constant(ElementType.FLOAT, [], new Float32Array([softcap]));
    logits = graph.node('Mul', [graph.node('Tanh', [graph.node('Div', [logits, cap])]), cap]);
  }
  graph.output('logits', logits, ElementType.FLOAT, ['B', 'V']);
  return graph;
}
