/** What maps a vision tower's states to the language model, as graphs. */
import { ElementType, Graph, type Value } from '../../onnx/graph.js';
import type { VisionSpec } from '../visionShape.js';
import { activate, layerNorm, linear, matrix, vector, type WeightFormat } from './ops.js';
import { towerNorm } from './vision.js';

export interface ProjectorVariant {
  format: WeightFormat;
  /** Width of the language model. */
  out: number;
  /** One of the side mergers of Qwen3-VL, which normalise the joined patches and not each. */
  aside: boolean;
}

/**
 * Joins neighbouring patches and maps them to the language model. In: `x [N, width]`, all tokens of the tower, weights.
 * Out: `features [patches / merge², out]`.
 */
export function projectorGraph(spec: VisionSpec, { format, out, aside }: ProjectorVariant): Graph {
  const { width, merge, projector } = spec;
  const joined = width * merge ** 2;
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, ['N', width]);
  const join = (value: Value) => graph.node('Reshape', [value, graph.ints(-1, joined)]);
  const normed =
    spec.family.projector.kind === 'joined'
      ? layerNorm(
          graph,
          join(patchesAlone(graph, spec, x)),
          vector(graph, 'norm', joined),
          vector(graph, 'normBias', joined),
          projector.epsilon,
        )
      : aside
        ? towerNorm(graph, spec, join(x), 'norm', joined)
        : join(towerNorm(graph, spec, x, 'norm', width));
  const first = linear(
    graph,
    normed,
    2,
    matrix(graph, 'first', projector.inner, joined, format),
    vector(graph, 'firstBias', projector.inner),
  );
  const features = linear(
    graph,
    activate(graph, first, projector.activation),
    2,
    matrix(graph, 'second', out, projector.inner, format),
    vector(graph, 'secondBias', out),
  );
  graph.output('features', features, ElementType.FLOAT, ['M', out]);
  return graph;
}

/** The states of squares after the tower's last norm, without the class token: `[patches, width]`. */
function patchesAlone(graph: Graph, spec: VisionSpec, x: Value): Value {
  const { width, square } = spec;
  const states = square!.finalNorm ? towerNorm(graph, spec, x, 'finalNorm', width) : x;
  if (!square!.classToken) return states;
  const squares = graph.node('Reshape', [states, graph.ints(-1, square!.side ** 2 + 1, width)]);
  const patches = graph.node('Slice', [squares, graph.ints(1), graph.ints(square!.side ** 2 + 1), graph.ints(1)]);
  return graph.node('Reshape', [patches, graph.ints(-1, width)]);
}
