/**
 * An MLP that is a choice of experts, in two graphs: the layer's own ends with the router, and says which experts each
 * token goes through; then each of those runs alone, over the tokens that chose it. So an expert that no token chose
 * is never read.
 */
import type { Activation } from '../../families/family.js';
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import type { ExpertShape } from './expertShape.js';
import { gatedMlp, linear, matrix, matrixAs, type WeightFormat } from './ops.js';

interface RoutedShape {
  hidden: number;
  activation: Activation;
  experts: ExpertShape | null;
}

/**
 * The router: every token's `chosen [B, S, k]` experts, best first, and their `scores [B, S, k]`, a softmax over them;
 * and `normed [B, S, hidden]`, what they are given. (A softmax over all experts, cut to k and divided by its sum, is
 * the same.)
 * @param normed what the MLP is given, `[B, S, hidden]`.
 * @returns the gated output of the expert that every token has; undefined where the family has none.
 */
export function routedMlp(
  graph: Graph,
  normed: Value,
  { hidden, activation, experts }: RoutedShape,
  format: WeightFormat,
): Value | undefined {
  const { count, chosen, shared } = experts!;
  const logits = linear(graph, normed, 3, matrix(graph, 'router', count, hidden, format));
  const [best, indices] = graph.nodeOf('TopK', [logits, graph.ints(chosen)], 2, { axis: -1 });
  graph.output('normed', normed, ElementType.FLOAT, ['B', 'S', hidden]);
  graph.output('scores', graph.node('Softmax', [best!], { axis: -1 }), ElementType.FLOAT, ['B', 'S', chosen]);
  graph.output('chosen', graph.node('Cast', [indices!], { to: ElementType.INT32 }), ElementType.INT32, [
    'B',
    'S',
    chosen,
  ]);
  if (shared === 0) return undefined;
  const output = gatedMlp(graph, normed, 3, {
    gateUp: matrix(graph, 'sharedGateUp', 2 * shared, hidden, format),
    down: matrix(graph, 'sharedDown', hidden, shared, format),
    inner: shared,
    activation,
  });
  const gate = linear(graph, normed, 3, matrix(graph, 'sharedGate', 1, hidden, format));
  return graph.node('Mul', [output, graph.node('Sigmoid', [gate])]);
}

export interface ExpertVariant {
  format: WeightFormat;
  /** Matrices are stored inputs × outputs. */
  inputsFirst: boolean;
}

/** One expert over n tokens. In: `x [n, hidden]`, `score [n, 1]`, weights. Out: `y [n, hidden]`, times the scores. */
export function expertGraph(
  { hidden, activation, experts }: RoutedShape,
  { format, inputsFirst }: ExpertVariant,
): Graph {
  const { inner } = experts!;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['n', hidden]);
  const score = graph.input('score', ElementType.FLOAT, ['n', 1]);
  const output = gatedMlp(graph, x, 2, {
    gateUp: matrixAs(graph, 'gateUp', 2 * inner, hidden, format, inputsFirst),
    down: matrixAs(graph, 'down', hidden, inner, format, inputsFirst),
    inner,
    activation,
  });
  graph.output('y', graph.node('Mul', [output, score]), ElementType.FLOAT, ['n', hidden]);
  return graph;
}
