/**
 * Matrix products in float64 through ONNX Runtime. Matrices are row-major arrays. A graph's output is copied when it
 * comes back, so large matrices are inputs, and outputs are a few rows or columns of them.
 */
import * as ort from 'onnxruntime-node';
import { type Attribute, ElementType, Graph, type Value } from '../../../onnx/graph.js';
import { Sessions } from '../sessions.js';

/** Row-major, `data.length ≥ rows · columns`. */
export interface Matrix {
  rows: number;
  columns: number;
  data: Float64Array;
}

const { DOUBLE } = ElementType;

/** Graphs by name. Sizes are whatever comes. A matrix A − Uᵀ·Z is given as A, U and Z. */
const GRAPHS = {
  /** C − Aᵀ·B. */
  subtract: {
    inputs: 3,
    build: (graph: Graph, [a, b, c]: Value[]) => [gemm(graph, a!, b!, { transA: 1, alpha: MINUS }, c)],
  },
  /** C − A·B. */
  update: { inputs: 3, build: (graph: Graph, [a, b, c]: Value[]) => [gemm(graph, a!, b!, { alpha: MINUS }, c)] },
  /** A·Bᵀ. */
  outer: { inputs: 2, build: (graph: Graph, [a, b]: Value[]) => [gemm(graph, a!, b!, { transB: 1 })] },
  /**
   * W = Tᵀ·V·(A − Uᵀ·Z), and X − Pᵀ·Z − Qᵀ·W: reflections from the left, and what some rows X become by all of them.
   */
  left: {
    inputs: 8,
    build: (graph: Graph, [t, v, a, u, z, x, p, q]: Value[]) => {
      const product = gemm(
        graph,
        gemm(graph, v!, u!, { transB: 1 }),
        z!,
        { alpha: MINUS },
        graph.node('MatMul', [v!, a!]),
      );
      const w = gemm(graph, t!, product, { transA: 1 });
      return [w, gemm(graph, q!, w, { transA: 1, alpha: MINUS }, gemm(graph, p!, z!, { transA: 1, alpha: MINUS }, x))];
    },
  },
  /** W = Tᵀ·V·(A − Uᵀ·Z)ᵀ, and X − Pᵀ·U − Qᵀ·W: the same from the right, and for columns, which lie as rows. */
  right: {
    inputs: 8,
    build: (graph: Graph, [t, v, a, u, z, x, p, q]: Value[]) => {
      // A is read as it lies, the few rows of the result are turned.
      const turned = graph.node('Transpose', [gemm(graph, a!, v!, { transB: 1 })]);
      const product = gemm(graph, gemm(graph, v!, z!, { transB: 1 }), u!, { alpha: MINUS }, turned);
      const w = gemm(graph, t!, product, { transA: 1 });
      return [w, gemm(graph, q!, w, { transA: 1, alpha: MINUS }, gemm(graph, p!, u!, { transA: 1, alpha: MINUS }, x))];
    },
  },
  /**
   * W such that a symmetric A − Uᵀ·Z, reflected from both sides, is A − Uᵀ·Z − Vᵀ·W − Wᵀ·V:
   * Y − ½·Y·Vᵀ·T·V with Y = Tᵀ·V·(A − Uᵀ·Z).
   */
  both: {
    inputs: 5,
    build: (graph: Graph, [t, v, a, u, z]: Value[]) => {
      const turned = graph.node('Transpose', [gemm(graph, a!, v!, { transB: 1 })]);
      const product = gemm(graph, gemm(graph, v!, u!, { transB: 1 }), z!, { alpha: MINUS }, turned);
      const y = gemm(graph, t!, product, { transA: 1 });
      const inner = gemm(graph, gemm(graph, y, v!, { transB: 1 }), t!, {});
      return [gemm(graph, inner, v!, { alpha: { float: -0.5 } }, y)];
    },
  },
};

const MINUS = { float: -1 };

function gemm(graph: Graph, a: Value, b: Value, attributes: Record<string, Attribute>, c?: Value): Value {
  return graph.node('Gemm', c ? [a, b, c] : [a, b], attributes);
}

export type Product = keyof typeof GRAPHS;

export class Algebra {
  private readonly sessions: Sessions;

  constructor(threads: number) {
    this.sessions = Sessions.of(threads);
  }

  async run(product: Product, ...inputs: Matrix[]): Promise<Matrix[]> {
    const session = await this.sessions.get(`exact ${product}`, () => graphOf(product));
    const feeds = inputs.map(
      ({ rows, columns, data }, index) =>
        [
          `in${index}`,
          new ort.Tensor('float64', data.length === rows * columns ? data : data.subarray(0, rows * columns), [
            rows,
            columns,
          ]),
        ] as const,
    );
    const outputs = await session.run(Object.fromEntries(feeds));
    return Object.values(outputs).map(({ dims, data }) => ({
      rows: dims[0]!,
      columns: dims[1]!,
      data: data as Float64Array,
    }));
  }
}

function graphOf(product: Product): Graph {
  const { inputs, build } = GRAPHS[product];
  const graph = new Graph();
  const outputs = build(
    graph,
    Array.from({ length: inputs }, (_, index) =>
      graph.input(`in${index}`, DOUBLE, [`rows${index}`, `columns${index}`]),
    ),
  );
  outputs.forEach((output, index) =>
    graph.output(`out${index}`, output, DOUBLE, [`outRows${index}`, `outColumns${index}`]),
  );
  return graph;
}
