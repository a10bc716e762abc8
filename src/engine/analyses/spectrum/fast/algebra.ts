/**
 * Products of large dense matrices, by graphs of a few nodes. Matrices are row-major fp32; a block of vectors holds one
 * vector per row.
 */
import * as ort from 'onnxruntime-node';
import { ElementType, Graph, type Value } from '../../../onnx/graph.js';
import { Sessions } from '../sessions.js';

export interface Dense {
  data: Float32Array;
  rows: number;
  columns: number;
}

const { FLOAT, DOUBLE } = ElementType;

interface Product {
  /** Types of the operands, which may be of any size. */
  operands: readonly ElementType[];
  result: ElementType;
  build: (graph: Graph, operands: Value[]) => Value;
}

const transpose = (graph: Graph, value: Value) => graph.node('Transpose', [value], { perm: { ints: [1, 0] } });
const cast = (graph: Graph, value: Value, to: ElementType) => graph.node('Cast', [value], { to });

const PRODUCTS = {
  /** AB. */
  product: { operands: [FLOAT, FLOAT], result: FLOAT, build: (graph, operands) => graph.node('MatMul', operands) },
  /** AB + C. */
  sum: { operands: [FLOAT, FLOAT, FLOAT], result: FLOAT, build: (graph, operands) => graph.node('Gemm', operands) },
  /** ABᵀ by way of BAᵀ: B, the large one, is read as it lies. */
  productTurned: {
    operands: [FLOAT, FLOAT],
    result: FLOAT,
    build: (graph, [a, b]) => transpose(graph, graph.microsoft('FusedMatMul', [b!, a!], { transB: 1 })),
  },
  /** ABᵀ with products and sums in float64. */
  gram: {
    operands: [FLOAT, FLOAT],
    result: DOUBLE,
    build: (graph, [a, b]) =>
      graph.node('MatMul', [cast(graph, a!, DOUBLE), transpose(graph, cast(graph, b!, DOUBLE))]),
  },
  /** AB in float64, rounded once, for a small A that needs its digits. */
  wideProduct: {
    operands: [DOUBLE, FLOAT],
    result: FLOAT,
    build: (graph, [a, b]) => cast(graph, graph.node('MatMul', [a!, cast(graph, b!, DOUBLE)]), FLOAT),
  },
  /** A without its components along the rows of B, which are orthonormal. Twice is enough (Kahan). */
  project: {
    operands: [FLOAT, FLOAT],
    result: FLOAT,
    build: (graph, [a, b]) => {
      const once = (value: Value) =>
        graph.node('Sub', [
          value,
          graph.node('MatMul', [graph.microsoft('FusedMatMul', [value, b!], { transB: 1 }), b!]),
        ]);
      return once(once(a!));
    },
  },
} satisfies Record<string, Product>;

export class Algebra {
  private readonly sessions: Sessions;

  constructor(threads: number) {
    this.sessions = Sessions.of(threads);
  }

  /** AB. */
  product(a: Dense, b: Dense): Promise<Float32Array> {
    return this.run('product', tensor(a), tensor(b)) as Promise<Float32Array>;
  }

  /** AB + C. */
  sum(a: Dense, b: Dense, c: Dense): Promise<Float32Array> {
    return this.run('sum', tensor(a), tensor(b), tensor(c)) as Promise<Float32Array>;
  }

  /** ABᵀ, for a B of many more elements than A. */
  productTurned(a: Dense, b: Dense): Promise<Float32Array> {
    return this.run('productTurned', tensor(a), tensor(b)) as Promise<Float32Array>;
  }

  /** ABᵀ in float64. */
  gram(a: Dense, b: Dense): Promise<Float64Array> {
    return this.run('gram', tensor(a), tensor(b)) as Promise<Float64Array>;
  }

  /** AB for a square A of float64, row-major, which needs its digits. */
  wideProduct(a: Float64Array, b: Dense): Promise<Float32Array> {
    return this.run('wideProduct', new ort.Tensor('float64', a, [b.rows, b.rows]), tensor(b)) as Promise<Float32Array>;
  }

  /** A − ABᵀB. */
  project(a: Dense, b: Dense): Promise<Float32Array> {
    return this.run('project', tensor(a), tensor(b)) as Promise<Float32Array>;
  }

  private async run(name: keyof typeof PRODUCTS, ...operands: ort.Tensor[]): Promise<Float32Array | Float64Array> {
    const session = await this.sessions.get(`fast ${name}`, () => graphOf(PRODUCTS[name]));
    const { result } = await session.run(
      Object.fromEntries(operands.map((operand, index) => [`operand${index}`, operand])),
    );
    return result!.data as Float32Array | Float64Array;
  }
}

function graphOf({ operands, result, build }: Product): Graph {
  const graph = new Graph();
  const values = operands.map((type, index) =>
    graph.input(`operand${index}`, type, [`rows${index}`, `columns${index}`]),
  );
  graph.output('result', build(graph, values), result, ['rows', 'columns']);
  return graph;
}

function tensor({ data, rows, columns }: Dense): ort.Tensor {
  return new ort.Tensor('float32', data, [rows, columns]);
}
