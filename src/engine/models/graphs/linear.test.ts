/** The product with a 16-bit matrix block by block of its rows, against the numbers themselves. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import * as ort from 'onnxruntime-node';
import { blockRowsOf, linear, matrix, vector, type WeightFormat } from './ops.js';
import { ElementType, Graph } from '../../onnx/graph.js';

/** Small whole numbers are the same in every format, and their sums exact. */
const weightAt = (row: number, column: number) => ((row * 7 + column * 3) % 5) - 2;

function bitsOf(value: number, format: WeightFormat): number {
  if (format === 'BF16') return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
  return { '-2': 0xc000, '-1': 0xbc00, '0': 0, '1': 0x3c00, '2': 0x4000 }[String(value)]!;
}

describe('a linear map', () => {
  // 2,500 rows divide into blocks; a prime number of rows does not.
  for (const [rows, blocks] of [
    [2500, true],
    [2503, false],
  ] as const) {
    for (const format of ['F32', 'BF16', 'F16'] as const) {
      for (const dims of [[3], [2, 3]]) {
        it(`${rows} × 1024 in ${format}, ${dims.length + 1} dimensions`, async () => {
          const columns = 1024;
          assert.equal(blockRowsOf(rows, columns) > 0, blocks);
          assert.equal(rows % Math.max(1, blockRowsOf(rows, columns)), 0);
          const graph = new Graph();
          const names = ['a', 'b'].slice(0, dims.length);
          const x = graph.input('x', ElementType.FLOAT, [...names, columns]);
          const rank = dims.length === 1 ? 2 : 3;
          graph.output(
            'y',
            linear(graph, x, rank, matrix(graph, 'w', rows, columns, format), vector(graph, 'bias', rows)),
            ElementType.FLOAT,
            [...names, rows],
          );
          const session = await ort.InferenceSession.create(graph.encode(), { intraOpNumThreads: 1 });
          const count = dims.reduce((all, size) => all * size, 1);
          const given = Float32Array.from({ length: count * columns }, (_, index) => (index % 7) - 3);
          const weights = Array.from({ length: rows * columns }, (_, index) =>
            weightAt(Math.floor(index / columns), index % columns),
          );
          const w =
            format === 'F32'
              ? new ort.Tensor('float32', Float32Array.from(weights), [rows, columns])
              : new ort.Tensor(
                  'uint16',
                  Uint16Array.from(weights, (value) => bitsOf(value, format)),
                  [rows, columns],
                );
          const bias = Float32Array.from({ length: rows }, (_, row) => row);
          const { y } = await session.run({
            x: new ort.Tensor('float32', given, [...dims, columns]),
            w,
            bias: new ort.Tensor('float32', bias, [rows]),
          });
          assert.deepEqual(y!.dims, [...dims, rows]);
          const values = y!.data as Float32Array;
          for (let one = 0; one < count; one++) {
            for (const row of [0, 1, 255, 256, 1249, 1250, rows - 1]) {
              let expected = row;
              for (let column = 0; column < columns; column++)
                expected += given[one * columns + column]! * weightAt(row, column);
              assert.equal(values[one * rows + row], expected, `${one}, ${row}`);
            }
          }
          await session.release();
        });
      }
    }
  }
});
