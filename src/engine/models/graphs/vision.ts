/**
 * The vision tower as graphs: patches, a block in two parts (as in the language model, so that a large image can
 * attend in pieces), and the merger. N patches of one or more images, one after the other.
 */
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import type { VisionSpec } from '../spec.js';
import {
  activate,
  attentionWeights,
  gatedMlp,
  layerNorm,
  linear,
  matrix,
  rmsNorm,
  vector,
  type WeightFormat,
} from './ops.js';

export interface PatchVariant {
  format: WeightFormat;
  bias: boolean;
}

/**
 * Patches to states. The convolution's stride is its kernel, so it is one matrix.
 * In: `pixels [N, patchValues]`, weights; with windows `order [N]` (which patch comes where); with a position table
 * `near [N, 4]` (entries to mix) and `share [N, 4, 1]`. Out: `x [N, width]`.
 */
export function patchGraph(
  { patchValues, width, window, tableSide }: VisionSpec,
  { format, bias }: PatchVariant,
): Graph {
  const graph = new Graph();
  const pixels = graph.input('pixels', ElementType.FLOAT, ['N', patchValues]);
  let x = linear(
    graph,
    pixels,
    2,
    matrix(graph, 'patch', width, patchValues, format),
    bias ? vector(graph, 'patchBias', width) : undefined,
  );
  if (tableSide > 0) {
    const table = graph.input('table', ElementType.FLOAT, [tableSide ** 2, width]);
    const near = graph.node('Gather', [table, graph.input('near', ElementType.INT64, ['N', 4])]);
    const mixed = graph.node('Mul', [near, graph.input('share', ElementType.FLOAT, ['N', 4, 1])]);
    x = graph.node('Add', [x, graph.node('ReduceSum', [mixed, graph.ints(1)], { keepdims: 0 })]);
  }
  if (window !== null) x = graph.node('Gather', [x, graph.input('order', ElementType.INT64, ['N'])]);
  graph.output('x', x, ElementType.FLOAT, ['N', width]);
  return graph;
}

/** In: `x [N, width]`, `cos`/`sin [1, N, width / heads / 2]`, weights. Out: `q`, `k`, `v [N, width]`, rotated. */
export function visionProjectionGraph(spec: VisionSpec, format: WeightFormat): Graph {
  const { width, heads } = spec;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['N', width]);
  const cos = graph.input('cos', ElementType.FLOAT, [1, 'N', width / heads / 2]);
  const sin = graph.input('sin', ElementType.FLOAT, [1, 'N', width / heads / 2]);
  const projected = linear(
    graph,
    norm(graph, spec, x, 'norm1', width),
    2,
    matrix(graph, 'qkv', 3 * width, width, format),
    vector(graph, 'qkvBias', 3 * width),
  );
  const [q, k, v] = graph.nodeOf('Split', [projected, graph.ints(width, width, width)], 3, { axis: -1 });
  const rotate = (value: Value) => {
    const rotated = graph.node('RotaryEmbedding', [graph.node('Unsqueeze', [value, graph.ints(0)]), cos, sin], {
      num_heads: heads,
    });
    return graph.node('Squeeze', [rotated, graph.ints(0)]);
  };
  graph.output('q', rotate(q!), ElementType.FLOAT, ['N', width]);
  graph.output('k', rotate(k!), ElementType.FLOAT, ['N', width]);
  graph.output('v', v!, ElementType.FLOAT, ['N', width]);
  return graph;
}

/**
 * Attention within segments, projection, residual, MLP, residual.
 * In: `x`, `q [n, width]`, `k`, `v [m, width]`, weights, and the segments: `queries [4]` and `keys [4]`, the shapes
 * `[segments, tokens, heads, width / heads]` when all segments are equally long; or, `padded`, `gather
 * [segments·longest]`
 * (the token at each place), `shape [4]`, `mask [segments, 1, 1, longest]` and `scatter [n]` (the place of each token).
 * Out: `y [n, width]`.
 */
export function visionBlockGraph(spec: VisionSpec, format: WeightFormat, padded: boolean): Graph {
  const {
    width,
    heads,
    inner,
    family: { mlp },
    activation,
  } = spec;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['n', width]);
  const q = graph.input('q', ElementType.FLOAT, ['n', width]);
  const k = graph.input('k', ElementType.FLOAT, ['m', width]);
  const v = graph.input('v', ElementType.FLOAT, ['m', width]);
  const shape = (name: string) => graph.input(name, ElementType.INT64, [4]);
  const gather = padded ? graph.input('gather', ElementType.INT64, ['places']) : undefined;
  const queries = shape(padded ? 'shape' : 'queries');
  const keys = padded ? queries : shape('keys');
  const byHead = (value: Value, dims: Value) => {
    const placed = gather ? graph.node('Gather', [value, gather]) : value;
    return graph.node('Transpose', [graph.node('Reshape', [placed, dims])], { perm: { ints: [0, 2, 1, 3] } });
  };
  const mask = padded ? graph.input('mask', ElementType.FLOAT, ['segments', 1, 1, 'longest']) : undefined;
  const weights = attentionWeights(
    graph,
    byHead(q, queries),
    byHead(k, keys),
    width / heads,
    mask && ((scores) => graph.node('Add', [scores, mask])),
  );
  const mixed = graph.node('Transpose', [graph.node('MatMul', [weights, byHead(v, keys)])], {
    perm: { ints: [0, 2, 1, 3] },
  });
  let flat = graph.node('Reshape', [mixed, graph.ints(-1, width)]);
  if (padded) flat = graph.node('Gather', [flat, graph.input('scatter', ElementType.INT64, ['n'])]);
  const between = graph.node('Add', [
    x,
    linear(graph, flat, 2, matrix(graph, 'output', width, width, format), vector(graph, 'outputBias', width)),
  ]);

  const normed = norm(graph, spec, between, 'norm2', width);
  const added =
    mlp.kind === 'gated'
      ? gatedMlp(graph, normed, 2, {
          gateUp: matrix(graph, 'gateUp', 2 * inner, width, format),
          gateUpBias: vector(graph, 'gateUpBias', 2 * inner),
          down: matrix(graph, 'down', width, inner, format),
          downBias: vector(graph, 'downBias', width),
          inner,
          activation,
        })
      : linear(
          graph,
          activate(
            graph,
            linear(graph, normed, 2, matrix(graph, 'first', inner, width, format), vector(graph, 'firstBias', inner)),
            activation,
          ),
          2,
          matrix(graph, 'second', width, inner, format),
          vector(graph, 'secondBias', width),
        );
  graph.output('y', graph.node('Add', [between, added]), ElementType.FLOAT, ['n', width]);
  return graph;
}

export interface MergerVariant {
  format: WeightFormat;
  /** Width of the language model. */
  out: number;
  /** Normalises the joined patches and not each (the side mergers of Qwen3-VL). */
  normAfter: boolean;
}

/**
 * Joins neighbouring patches and maps them to the language model. In: `x [N, width]`, weights. Out: `features [N /
 * merge², out]`.
 */
export function mergerGraph(spec: VisionSpec, { format, out, normAfter }: MergerVariant): Graph {
  const { width, merge } = spec;
  const joined = width * merge ** 2;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['N', width]);
  const join = (value: Value) => graph.node('Reshape', [value, graph.ints(-1, joined)]);
  const normed = normAfter ? norm(graph, spec, join(x), 'norm', joined) : join(norm(graph, spec, x, 'norm', width));
  const first = linear(
    graph,
    normed,
    2,
    matrix(graph, 'first', joined, joined, format),
    vector(graph, 'firstBias', joined),
  );
  const features = linear(
    graph,
    activate(graph, first, 'gelu'),
    2,
    matrix(graph, 'second', out, joined, format),
    vector(graph, 'secondBias', out),
  );
  graph.output('features', features, ElementType.FLOAT, ['M', out]);
  return graph;
}

function norm(graph: Graph, { family }: VisionSpec, x: Value, name: string, size: number): Value {
  const scale = vector(graph, name, size);
  return family.norm === 'rms'
    ? rmsNorm(graph, x, scale, family.epsilon)
    : layerNorm(graph, x, scale, vector(graph, `${name}Bias`, size), family.epsilon);
}
