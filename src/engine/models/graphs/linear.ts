/**
 * A layer that carries a recurrent state in place of attention (gated DeltaNet), as two graphs: the first runs the
 * convolution and the recurrence over the tokens of a pass, from the states before them; the second projects what comes
 * out and adds the MLP.
 *
 * Both operators are ONNX Runtime's own and have CPU kernels: `CausalConvWithState` and `LinearAttention`.
 *
 * Dimensions: B rows of the batch, S tokens of this pass.
 */
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import { addMixedAndMlp, type BlockVariant, type LayerShape } from './language.js';
import { type LinearShape, linearSizes } from './linearShape.js';
import { activate, linear, matrix, NONE, rmsNorm, vector, type WeightFormat } from './ops.js';

/** Added to sums of squares of queries and keys before their root. */
const L2_EPSILON = 1e-6;

/**
 * Norm, projections, convolution, recurrence, gated norm. Tokens of padding come as zeros, which leave a state of zeros
 * as it is.
 * In: `x [B, S, hidden]`, `valid [B, S, 1]` (0 for padding), `convolution [B, kernel - 1, channels]` and
 * `recurrence [B, valueHeads, keyDim, valueDim]` before the first token, weights.
 * Out: `mixed [B, S, values]`; both states after the last token, `nextConvolution` and `nextRecurrence`.
 */
export function recurrenceGraph(layer: LayerShape, shape: LinearShape, format: WeightFormat): Graph {
  const { hidden, epsilon } = layer;
  const { kernel, keyHeads, keyDim, valueHeads, valueDim } = shape;
  const { keys, values, channels, projected } = linearSizes(shape);
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', 'S', hidden]);
  const valid = graph.input('valid', ElementType.FLOAT, ['B', 'S', 1]);
  const normed = graph.node('Mul', [rmsNorm(graph, x, vector(graph, 'norm1', hidden), epsilon), valid]);
  const inputs = linear(graph, normed, 3, matrix(graph, 'inputs', projected, hidden, format));
  const [qkv, gate, b, a] = graph.nodeOf('Split', [inputs, graph.ints(channels, values, valueHeads, valueHeads)], 4, {
    axis: -1,
  });
  const taps = graph.node('Reshape', [
    vector(graph, 'convolutionWeight', channels * kernel),
    graph.ints(channels, 1, kernel),
  ]);
  const convolution = graph.input('convolution', ElementType.FLOAT, ['B', kernel - 1, channels]);
  const [convolved, nextConvolution] = graph.microsoftOf('CausalConvWithState', [qkv!, taps, NONE, convolution], 2, {
    activation: { text: 'silu' },
    channels_last: 1,
  });
  const [q, k, v] = graph.nodeOf('Split', [convolved!, graph.ints(keys, keys, values)], 3, { axis: -1 });
  const decay = graph.node('Mul', [
    graph.node('Neg', [graph.node('Exp', [vector(graph, 'logDecay', valueHeads)])]),
    graph.node('Softplus', [graph.node('Add', [a!, vector(graph, 'decayBias', valueHeads)])]),
  ]);
  const recurrence = graph.input('recurrence', ElementType.FLOAT, ['B', valueHeads, keyDim, valueDim]);
  const [read, nextRecurrence] = graph.microsoftOf(
    'LinearAttention',
    [
      unitHeads(graph, q!, keyHeads, keyDim),
      unitHeads(graph, k!, keyHeads, keyDim),
      v!,
      recurrence,
      decay,
      graph.node('Sigmoid', [b!]),
    ],
    2,
    {
      update_rule: { text: 'gated_delta' },
      q_num_heads: keyHeads,
      kv_num_heads: valueHeads,
      scale: { float: keyDim ** -0.5 },
    },
  );
  const byHead = graph.node('Reshape', [read!, graph.ints(0, 0, valueHeads, valueDim)]);
  const scaled = rmsNorm(graph, byHead, vector(graph, 'readNorm', valueDim), epsilon);
  const mixed = graph.node('Mul', [
    graph.node('Reshape', [scaled, graph.ints(0, 0, values)]),
    activate(graph, gate!, 'silu'),
  ]);
  graph.output('mixed', mixed, ElementType.FLOAT, ['B', 'S', values]);
  graph.output('nextConvolution', nextConvolution!, ElementType.FLOAT, ['B', kernel - 1, channels]);
  graph.output('nextRecurrence', nextRecurrence!, ElementType.FLOAT, ['B', valueHeads, keyDim, valueDim]);
  return graph;
}

/** Every head divided by its length: an RMS norm, but for a factor √size. `[B, S, heads · size]`. */
function unitHeads(graph: Graph, value: Value, heads: number, size: number): Value {
  const scale = graph.constant(ElementType.FLOAT, [size], new Float32Array(size).fill(size ** -0.5));
  const byHead = graph.node('Reshape', [value, graph.ints(0, 0, heads, size)]);
  const unit = rmsNorm(graph, byHead, scale, L2_EPSILON / size);
  return graph.node('Reshape', [unit, graph.ints(0, 0, heads * size)]);
}

/**
 * Output projection, residual, MLP, residual. In: `x [B, S, hidden]`, `mixed [B, S, values]`, weights. Out: `y [B, S,
 * hidden]`.
 */
export function recurrenceOutputGraph(
  layer: LayerShape,
  shape: LinearShape,
  variant: Pick<BlockVariant, 'format' | 'gated' | 'routed'>,
): Graph {
  const { values } = linearSizes(shape);
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['B', 'S', layer.hidden]);
  const mixed = graph.input('mixed', ElementType.FLOAT, ['B', 'S', values]);
  addMixedAndMlp(graph, layer, variant, { x, mixed, width: values, bias: false });
  return graph;
}
