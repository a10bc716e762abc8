/** One expert as a graph, stored either way round, large enough to be widened block by block. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import * as ort from 'onnxruntime-node';
import { normalNumbers } from '../interventions.js';
import { expertGraph } from './experts.js';
import { blockRowsOf } from './ops.js';

const [HIDDEN, INNER, TOKENS] = [1024, 1280, 2];
const shape = {
  hidden: HIDDEN,
  activation: 'silu' as const,
  experts: { count: 4, chosen: 1, inner: INNER, shared: 0 },
};

/** The upper halves of fp32 numbers, and what is left of these. */
function halves(stream: number, count: number): Uint16Array {
  const words = new Uint32Array(normalNumbers(1, stream, count).map((value) => 0.03 * value).buffer);
  return Uint16Array.from(words, (word) => word >>> 16);
}

const widened = (bits: Uint16Array) => new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);

function transposed(bits: Uint16Array, rows: number, columns: number): Uint16Array {
  const turned = new Uint16Array(bits.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = bits[row * columns + column]!;
  return turned;
}

describe('an expert', () => {
  const [gateUp, down] = [halves(1, 2 * INNER * HIDDEN), halves(2, HIDDEN * INNER)];
  const [both, back] = [widened(gateUp), widened(down)];
  const x = normalNumbers(1, 3, TOKENS * HIDDEN);
  const score = Float32Array.of(0.25, 1);

  async function run(inputsFirst: boolean): Promise<Float32Array> {
    const stored = (bits: Uint16Array, rows: number, columns: number) =>
      inputsFirst
        ? new ort.Tensor('uint16', transposed(bits, rows, columns), [columns, rows])
        : new ort.Tensor('uint16', bits, [rows, columns]);
    const session = await ort.InferenceSession.create(expertGraph(shape, { format: 'BF16', inputsFirst }).encode());
    const { y } = await session.run({
      x: new ort.Tensor('float32', x, [TOKENS, HIDDEN]),
      score: new ort.Tensor('float32', score, [TOKENS, 1]),
      gateUp: stored(gateUp, 2 * INNER, HIDDEN),
      down: stored(down, HIDDEN, INNER),
    });
    await session.release();
    return y!.data as Float32Array;
  }

  /** In float64, token by token. */
  function expected(token: number): Float64Array {
    const product = (matrix: Float32Array, row: number, columns: number, input: ArrayLike<number>, from: number) => {
      let sum = 0;
      for (let column = 0; column < columns; column++) sum += matrix[row * columns + column]! * input[from + column]!;
      return sum;
    };
    const inner = Float64Array.from({ length: INNER }, (_, row) => {
      const gate = product(both, row, HIDDEN, x, token * HIDDEN);
      return (gate / (1 + Math.exp(-gate))) * product(both, INNER + row, HIDDEN, x, token * HIDDEN);
    });
    return Float64Array.from({ length: HIDDEN }, (_, row) => score[token]! * product(back, row, INNER, inner, 0));
  }

  for (const inputsFirst of [false, true])
    it(`gives down(silu(gate)·up) times its score, stored ${inputsFirst ? 'inputs × outputs' : 'outputs × inputs'}`, async () => {
      assert.ok(blockRowsOf(HIDDEN, 2 * INNER) > 0 && blockRowsOf(2 * INNER, HIDDEN) > 0, 'blocks are what is tested');
      const y = await run(inputsFirst);
      for (let token = 0; token < TOKENS; token++) {
        const far = expected(token).map((value, axis) => Math.abs(value - y[token * HIDDEN + axis]!));
        assert.ok(Math.max(...far) < 1e-4, `token ${token}: ${Math.max(...far)}`);
      }
    });
});
