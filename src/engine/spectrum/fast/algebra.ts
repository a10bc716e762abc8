/**
 * Products of large dense matrices, by graphs of a few nodes. Matrices are row-major fp32; a block of vectors holds one
 * vector per row.
 */
import * as ort from 'onnxruntime-node';
import { ElementType, Graph, type Value } from '../../onnx/graph.js';

export interface Dense {
  data: Float32Array;
  rows: number;
  columns: number;
}

const { FLOAT, DOUBLE } = ElementType;

/** Operand of a graph, of any size. */
const operand = (graph: Graph, name: string) => graph.input(name, FLOAT, [`${name}_rows`, `${name}_columns`]);

/** A graph of two matrices with one result. */
function binary(build: (graph: Graph, a: Value, b: Value) => Value, type: ElementType = FLOAT): Graph {
  const graph = new Graph();
  graph.output('y', build(graph, operand(graph, 'a'), operand(graph, 'b')), type, ['rows', 'columns']);
  return graph;
}

const transpose = (graph: Graph, value: Value) => graph.node('Transpose', [value], { perm: { ints: [1, 0] } });

const GRAPHS = {
  /** AB. */
  product: () => binary((graph, a, b) => graph.node('MatMul', [a, b])),
  /** ABᵀ by way of BAᵀ: B, the large one, is read as it lies. */
  productTurned: () => binary((graph, a, b) => transpose(graph, graph.microsoft('FusedMatMul', [b, a], { transB: 1 }))),
  /** ABᵀ with products and sums in float64. */
  gram: () =>
    binary((graph, a, b) => {
      const wide = (value: Value) => graph.node('Cast', [value], { to: DOUBLE });
      return graph.node('MatMul', [wide(a), transpose(graph, wide(b))]);
    }, DOUBLE),
  /** A without its components along the rows of B, which are orthonormal. Twice is enough (Kahan). */
  project: () =>
    binary((graph, a, b) => {
      const once = (value: Value) => graph.node('Sub', [value, graph.node('MatMul', [graph.microsoft('FusedMatMul', [value, b], { transB: 1 }), b])]);
      return once(once(a));
    }),
};

export class Algebra {
  private readonly sessions = new Map<string, Promise<ort.InferenceSession>>();

  constructor(private readonly threads: number) {}

  /** AB. */
  product(a: Dense, b: Dense): Promise<Float32Array> {
    return this.run('product', a, b) as Promise<Float32Array>;
  }

  /** ABᵀ, for a B of many more elements than A. */
  productTurned(a: Dense, b: Dense): Promise<Float32Array> {
    return this.run('productTurned', a, b) as Promise<Float32Array>;
  }

  /** ABᵀ in float64. */
  gram(a: Dense, b: Dense): Promise<Float64Array> {
    return this.run('gram', a, b) as Promise<Float64Array>;
  }

  /** A − ABᵀB. */
  project(a: Dense, b: Dense): Promise<Float32Array> {
    return this.run('project', a, b) as Promise<Float32Array>;
  }

  async close(): Promise<void> {
    for (const session of await Promise.all(this.sessions.values())) await session.release();
  }

  private async run(name: keyof typeof GRAPHS, a: Dense, b: Dense): Promise<Float32Array | Float64Array> {
    let session = this.sessions.get(name);
    if (session === undefined) {
      session = ort.InferenceSession.create(GRAPHS[name]().encode(), {
        intraOpNumThreads: this.threads,
        interOpNumThreads: 1,
        enableMemPattern: false,
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
      this.sessions.set(name, session);
    }
    const { y } = await (await session).run({ a: tensor(a), b: tensor(b) });
    return y!.data as Float32Array | Float64Array;
  }
}

function tensor({ data, rows, columns }: Dense): ort.Tensor {
  return new ort.Tensor('float32', data, [rows, columns]);
}
