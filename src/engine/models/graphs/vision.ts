/**
 * The vision tower as graphs: patches, and a block in two parts (as in the language model, so that a large image can
 * attend in pieces). N tokens of one or more images, one after the other. (Projectors: `graphs/projector.ts`.)
 */
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import type { SquareSpec, VisionSpec } from '../visionShape.js';
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
export function patchGraph(spec: VisionSpec, { format, bias }: PatchVariant): Graph {
  const { patchValues, width, window, tableSide } = spec;
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
  if (spec.square) x = placedPatches(graph, spec, spec.square, x);
  graph.output('x', x, ElementType.FLOAT, ['N', width]);
  return graph;
}

/**
 * Squares of patches with their positions, each square behind its class token where the tower has one.
 * In: `places [patches of a square]`, the row of `table [positions · width]` of each, and `class [width]`.
 */
function placedPatches(graph: Graph, { width }: VisionSpec, { side, classToken }: SquareSpec, patches: Value): Value {
  const count = side ** 2;
  const entries = count + (classToken ? 1 : 0);
  const table = graph.node('Reshape', [vector(graph, 'table', entries * width), graph.ints(entries, width)]);
  const positions = graph.node('Gather', [table, graph.input('places', ElementType.INT64, [count])]);
  const squares = graph.node('Add', [graph.node('Reshape', [patches, graph.ints(-1, count, width)]), positions]);
  if (!classToken) return graph.node('Reshape', [squares, graph.ints(-1, width)]);
  const own = graph.node('Add', [vector(graph, 'class', width), graph.node('Gather', [table, graph.ints(0)])]);
  const number = graph.node('Shape', [squares], { start: 0, end: 1 });
  const first = graph.node('Expand', [
    graph.node('Reshape', [own, graph.ints(1, 1, width)]),
    graph.node('Concat', [number, graph.ints(1, width)], { axis: 0 }),
  ]);
  return graph.node('Reshape', [graph.node('Concat', [first, squares], { axis: 1 }), graph.ints(-1, width)]);
}

/** In: `x [N, width]`, `cos`/`sin [1, N, width / heads / 2]` where positions are rotations, weights. Out: `q`, `k`, `v [N, width]`. */
export function visionProjectionGraph(spec: VisionSpec, format: WeightFormat): Graph {
  const { width, heads, square } = spec;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['N', width]);
  const projected = linear(
    graph,
    towerNorm(graph, spec, x, 'norm1', width),
    2,
    matrix(graph, 'qkv', 3 * width, width, format),
    spec.qkvBias ? vector(graph, 'qkvBias', 3 * width) : undefined,
  );
  const [q, k, v] = graph.nodeOf('Split', [projected, graph.ints(width, width, width)], 3, { axis: -1 });
  const angle = (name: string) => graph.input(name, ElementType.FLOAT, [1, 'N', width / heads / 2]);
  const angles = square ? undefined : [angle('cos'), angle('sin')];
  const placed = (value: Value, name: string) => {
    if (square?.qkNorm) return rmsNorm(graph, value, vector(graph, name, width), spec.epsilon);
    if (angles === undefined) return value;
    const rotated = graph.node('RotaryEmbedding', [graph.node('Unsqueeze', [value, graph.ints(0)]), ...angles], {
      num_heads: heads,
    });
    return graph.node('Squeeze', [rotated, graph.ints(0)]);
  };
  graph.output('q', placed(q!, 'qNorm'), ElementType.FLOAT, ['N', width]);
  graph.output('k', placed(k!, 'kNorm'), ElementType.FLOAT, ['N', width]);
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
  const scaled = (added: Value, name: string) =>
    spec.square?.scales ? graph.node('Mul', [added, vector(graph, name, width)]) : added;
  const attended = linear(
    graph,
    flat,
    2,
    matrix(graph, 'output', width, width, format),
    vector(graph, 'outputBias', width),
  );
  const between = graph.node('Add', [x, scaled(attended, 'scale1')]);

  const normed = towerNorm(graph, spec, between, 'norm2', width);
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
  graph.output('y', graph.node('Add', [between, scaled(added, 'scale2')]), ElementType.FLOAT, ['n', width]);
  return graph;
}

/** The norm of a tower's states, `x [N, size]`; its weights are inputs. */
export function towerNorm(graph: Graph, spec: VisionSpec, x: Value, name: string, size: number): Value {
  const scale = vector(graph, name, size);
  return spec.norm === 'rms'
    ? rmsNorm(graph, x, scale, spec.epsilon)
    : layerNorm(graph, x, scale, vector(graph, `${name}Bias`, size), spec.epsilon);
}
