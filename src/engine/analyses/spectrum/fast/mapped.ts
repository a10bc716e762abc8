/** Δ of stored matrices by a graph over the bytes of their files: several times faster than decoding them here. */
import * as ort from 'onnxruntime-node';
import type { Dtype } from '../../../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../../checkpoint/decode.js';
import { ElementType, Graph } from '../../../onnx/graph.js';
import { createStreamingSession, fileRange, sharedRoot } from '../../../runtime/session.js';
import type { MatrixPart, MatrixSource } from '../matrix.js';

/** Dtypes whose difference fp32 holds but for one rounding. */
const ELEMENTS: Partial<Record<Dtype, ElementType>> = {
  BF16: ElementType.BFLOAT16,
  F16: ElementType.FLOAT16,
  F32: ElementType.FLOAT,
};

/** Elements squared and added in fp32, at most where the columns have a divisor. */
const ROW = 1024;
/** Mean squares within which fp32 loses nothing. */
const [LEAST, MOST] = [1e-28, 1e28];

export interface MappedUpdate {
  /**
   * Rows `first` … `first + rows` of Δ into `target`. Throws what ONNX Runtime throws for files that are cut short.
   * @returns their sum of squares, added in float64; undefined where fp32 could not hold the squares.
   */
  read: (first: number, rows: number, target: Float32Array) => Promise<number | undefined>;
}

/** Undefined where a graph cannot do it: other dtypes, parts that do not lie together, computed tensors. */
export function mapped({ columns, before, after }: MatrixSource, threads: number): MappedUpdate | undefined {
  const stages = before === null ? [after] : [before, after];
  const paths = stages.map(({ tensor }) => (tensor.expression === undefined ? tensor.shard.realPath : undefined));
  if (!stages.every((part) => lies(part, columns)) || paths.includes(undefined)) return undefined;
  const root = sharedRoot(paths as string[]);
  if (root === undefined) return undefined;
  const width = widthOf(columns);

  return {
    async read(first, rows, target) {
      const graph = new Graph();
      const values = stages.map(({ tensor, first: start, rowStride }, index) => {
        const type = ELEMENTS[tensor.dtype]!;
        const bytes = DTYPE_BYTES[tensor.dtype];
        const begin = (tensor.expression === undefined ? tensor.begin : 0) + (start + first * rowStride) * bytes;
        const weight = graph.external(
          type,
          [rows, columns],
          fileRange(root, paths[index]!, begin, rows * columns * bytes),
        );
        return type === ElementType.FLOAT ? weight : graph.node('Cast', [weight], { to: ElementType.FLOAT });
      });
      const delta = values.length === 1 ? values[0]! : graph.node('Sub', [values[1]!, values[0]!]);
      const lines = (rows * columns) / width;
      const short = graph.node('Reshape', [delta, graph.ints(lines, 1, width)]);
      // A row times itself, transposed: squares and adds in one pass.
      graph.output('squares', graph.microsoft('FusedMatMul', [short, short], { transB: 1 }), ElementType.FLOAT, [
        lines,
        1,
        1,
      ]);
      graph.output('delta', delta, ElementType.FLOAT, [rows, columns]);
      const session = await createStreamingSession(graph, root, threads);
      try {
        const squares = new ort.Tensor('float32', new Float32Array(lines), [lines, 1, 1]);
        await session.run({}, { delta: new ort.Tensor('float32', target, [rows, columns]), squares });
        const sum = squares.data.reduce((total, one) => total + one, 0);
        const mean = sum / (rows * columns);
        return sum === 0
          ? target.some((value) => value !== 0)
            ? undefined
            : 0
          : mean > LEAST && mean < MOST
            ? sum
            : undefined;
      } finally {
        await session.release();
      }
    },
  };
}

function lies({ tensor, rowStride, columnStride }: MatrixPart, columns: number): boolean {
  return ELEMENTS[tensor.dtype] !== undefined && columnStride === 1 && rowStride === columns;
}

/** The largest divisor of the columns up to `ROW`; all of them where there is none worth it. */
function widthOf(columns: number): number {
  for (let width = Math.min(ROW, columns); width >= 64; width--) if (columns % width === 0) return width;
  return columns;
}
