/**
 * Matrix products in float64 through ONNX Runtime. Matrices are row-major arrays. A graph's output is copied when it
 * comes back, so large matrices are inputs, and outputs are a few rows or columns of them.
 */
import * as ort from 'onnxruntime-node';
import { ElementType, Graph, type Value } from '../../onnx/graph.js';

/** Row-major, `data.length ≥ rows · columns`. */
export interface Matrix {
  rows: number;
  columns: number;
  data: Float64Array;
}

const { DOUBLE } = ElementType;

/** Graphs by name: inputs in order, one output. Sizes are whatever comes. */
const GRAPHS = {
  /** C − Aᵀ·B. */
  subtract: (graph: Graph, [a, b, c]: Value[]) => graph.node('Gemm', [a!, b!, c!], { transA: 1, alpha: { float: -1 } }),
  /** C − A·B. */
  update: (graph: Graph, [a, b, c]: Value[]) => graph.node('Gemm', [a!, b!, c!], { alpha: { float: -1 } }),
  /** A·Bᵀ. */
  outer: (graph: Graph, [a, b]: Value[]) => graph.node('Gemm', [a!, b!], { transB: 1 }),
  /** Tᵀ·V·A. */
  left: (graph: Graph, [t, v, a]: Value[]) => graph.node('Gemm', [t!, graph.node('MatMul', [v!, a!])], { transA: 1 }),
  /** Tᵀ·(V·A − (V·Uᵀ)·Z): `left` of A − Uᵀᵀ… with U given as rows. */
  leftUpdated: (graph: Graph, [t, v, a, u, z]: Value[]) => {
    const inner = graph.node('Gemm', [v!, u!], { transB: 1 });
    return graph.node('Gemm', [t!, graph.node('Gemm', [inner, z!, graph.node('MatMul', [v!, a!])], { alpha: { float: -1 } })], { transA: 1 });
  },
  /** Tᵀ·V·Aᵀ. */
  right: (graph: Graph, [t, v, a]: Value[]) => graph.node('Gemm', [t!, graph.node('Gemm', [a!, v!], { transB: 1 })], { transA: 1, transB: 1 }),
  /** Tᵀ·(V·Aᵀ − (V·Zᵀ)·U). */
  rightUpdated: (graph: Graph, [t, v, a, u, z]: Value[]) => {
    const inner = graph.node('Gemm', [v!, z!], { transB: 1 });
    const product = graph.node('Transpose', [graph.node('Gemm', [a!, v!], { transB: 1 })]);
    return graph.node('Gemm', [t!, graph.node('Gemm', [inner, u!, product], { alpha: { float: -1 } })], { transA: 1 });
  },
};

export type Product = keyof typeof GRAPHS;

const INPUTS: Record<Product, number> = { subtract: 3, update: 3, outer: 2, left: 3, leftUpdated: 5, right: 3, rightUpdated: 5 };

/** Sessions of one thread count, made when first needed. */
export class Algebra {
  private readonly sessions = new Map<Product, Promise<ort.InferenceSession>>();

  constructor(private readonly threads: number) {}

  async run(product: Product, ...inputs: Matrix[]): Promise<Matrix> {
    let session = this.sessions.get(product);
    if (session === undefined) this.sessions.set(product, (session = this.create(product)));
    const feeds = inputs.map(({ rows, columns, data }, index) => [`in${index}`, new ort.Tensor('float64', data.length === rows * columns ? data : data.subarray(0, rows * columns), [rows, columns])] as const);
    const { out } = await (await session).run(Object.fromEntries(feeds));
    const [rows, columns] = out!.dims as [number, number];
    return { rows, columns, data: out!.data as Float64Array };
  }

  private create(product: Product): Promise<ort.InferenceSession> {
    const graph = new Graph();
    const inputs = Array.from({ length: INPUTS[product] }, (_, index) => graph.input(`in${index}`, DOUBLE, [`rows${index}`, `columns${index}`]));
    graph.output('out', GRAPHS[product](graph, inputs), DOUBLE, ['rows', 'columns']);
    return ort.InferenceSession.create(graph.encode(), {
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }
}
