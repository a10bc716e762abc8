import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, it } from 'vitest';
import type { Dtype, StoredTensor } from '../../checkpoint/checkpoint.js';
import { decode } from '../../checkpoint/decode.js';
import { type MatrixPart, readDelta, transposed, wholeMatrix } from './matrix.js';
import { encode } from '../../../../test/fixtures/encode.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'frankenstein-matrix-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Some bytes lie before the tensor, as a header does. */
const BEGIN = 24;
let files = 0;

function stored(
  dtype: Dtype,
  shape: number[],
  values: ArrayLike<number>,
): { tensor: StoredTensor; values: Float64Array } {
  const bytes = encode(dtype, values);
  const realPath = path.join(folder, `${files++}.bin`);
  fs.writeFileSync(realPath, Buffer.concat([Buffer.alloc(BEGIN, 0xff), bytes]));
  const shard = {
    name: path.basename(realPath),
    realPath,
    bytes: BEGIN + bytes.length,
    modifiedNs: 0n,
    inode: 0n,
    headerHash: '',
  };
  return {
    tensor: {
      onDisk: 'w',
      name: 'w',
      dtype,
      shape,
      size: values.length,
      shard,
      begin: BEGIN,
      end: BEGIN + bytes.length,
    },
    values: decode(dtype, bytes),
  };
}

/** Numbers of many magnitudes, so that no mistake in place or precision goes unseen. */
function numbers(count: number, seed: number): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, index) => Math.sin(seed + 12.9898 * index) * 2 ** (((index * 7 + seed) % 11) - 5),
  );
}

describe('Δ of a matrix', () => {
  for (const [beforeType, afterType] of [
    ['BF16', 'BF16'],
    ['F16', 'F32'],
    ['F64', 'F64'],
    ['F8_E4M3', 'BF16'],
    ['F32', 'F64'],
  ] as const) {
    it(`of ${beforeType} and ${afterType} is exact in float64 and rounded once in float32`, async () => {
      const before = stored(beforeType, [5, 7], numbers(35, 1));
      const later = stored(afterType, [5, 7], numbers(35, 2));
      const { rows, columns, part } = wholeMatrix(later.tensor);
      const source = { rows, columns, before: wholeMatrix(before.tensor).part, after: part };
      const expected = later.values.map((value, index) => value - before.values[index]!).slice(7, 28);
      const double = new Float64Array(21);
      assert.equal(await readDelta(source, 1, 3, double), 0);
      assert.deepEqual(double, expected);
      const single = new Float32Array(21);
      await readDelta(source, 1, 3, single);
      assert.deepEqual(single, Float32Array.from(expected));
    });
  }

  it('of more than is read at once', async () => {
    const [rows, columns] = [401, 403];
    const before = stored('BF16', [rows, columns], numbers(rows * columns, 7));
    const last = numbers(rows * columns, 8);
    last[last.length - 1] = Infinity;
    const later = stored('BF16', [rows, columns], last);
    const source = { rows, columns, before: wholeMatrix(before.tensor).part, after: wholeMatrix(later.tensor).part };
    const expected = later.values.map((value, index) => value - before.values[index]!);
    const [double, single] = [new Float64Array(rows * columns), new Float32Array(rows * columns)];
    assert.equal(await readDelta(source, 0, rows, double), 1);
    assert.deepEqual(double, expected);
    assert.equal(await readDelta(source, 0, rows, single), 1);
    assert.deepEqual(single, Float32Array.from(expected));
    assert.equal(await readDelta(source, 0, rows - 1, double), 0);
  });

  it('is the later stage itself where there is no earlier one', async () => {
    const { tensor, values } = stored('BF16', [3, 2, 2], numbers(12, 3));
    const { rows, columns, part } = wholeMatrix(tensor);
    assert.deepEqual([rows, columns], [3, 4]);
    const target = new Float64Array(12);
    await readDelta({ rows, columns, before: null, after: part }, 0, 3, target);
    assert.deepEqual(target, values);
  });

  const layouts: Record<string, { rows: number; columns: number; part: Omit<MatrixPart, 'tensor'> }> = {
    'an expert of three': { rows: 4, columns: 6, part: { first: 24, rowStride: 6, columnStride: 1 } },
    'an expert, transposed': { rows: 6, columns: 4, part: { first: 24, rowStride: 1, columnStride: 6 } },
    'a half of the columns': { rows: 12, columns: 3, part: { first: 3, rowStride: 6, columnStride: 1 } },
    'every other column': { rows: 12, columns: 3, part: { first: 1, rowStride: 6, columnStride: 2 } },
    'one column of many, transposed': { rows: 1, columns: 12, part: { first: 5, rowStride: 1, columnStride: 6 } },
    'single elements far apart': { rows: 3, columns: 1, part: { first: 7, rowStride: 24, columnStride: 1 } },
  };
  for (const [name, { rows, columns, part }] of Object.entries(layouts)) {
    it(`of a part of a tensor: ${name}`, async () => {
      const { tensor, values } = stored('BF16', [3, 4, 6], numbers(72, 4));
      const source = { rows, columns, before: null, after: { tensor, ...part } };
      const expected = Array.from(
        { length: rows * columns },
        (_, index) =>
          values[part.first + Math.floor(index / columns) * part.rowStride + (index % columns) * part.columnStride]!,
      );
      const target = new Float64Array(rows * columns);
      await readDelta(source, 0, rows, target);
      assert.deepEqual([...target], expected);
      const last = new Float64Array(columns);
      await readDelta(source, rows - 1, 1, last);
      assert.deepEqual([...last], expected.slice(-columns));
      const turned = new Float64Array(rows * columns);
      await readDelta(transposed(source), 0, columns, turned);
      assert.deepEqual(
        [...turned],
        expected.map((_, index) => expected[(index % rows) * columns + Math.floor(index / rows)]),
      );
    });
  }

  it('of two layouts of the same matrix is zero', async () => {
    const values = numbers(3000, 5);
    const plain = stored('F32', [60, 50], values);
    const turned = stored(
      'F32',
      [50, 60],
      values.map((_, index) => values[(index % 60) * 50 + Math.floor(index / 60)]!),
    );
    const source = {
      rows: 60,
      columns: 50,
      before: wholeMatrix(plain.tensor).part,
      after: { tensor: turned.tensor, first: 0, rowStride: 1, columnStride: 60 },
    };
    const target = new Float64Array(3000).fill(1);
    await readDelta(source, 0, 60, target);
    assert.ok(target.every((value) => value === 0));
  });

  it('counts what is not finite', async () => {
    const before = stored('BF16', [2, 3], [1, Infinity, NaN, 0, 0, 0]);
    const later = stored('BF16', [2, 3], [1, Infinity, 1, 0, -Infinity, 2]);
    const source = {
      rows: 2,
      columns: 3,
      before: wholeMatrix(before.tensor).part,
      after: wholeMatrix(later.tensor).part,
    };
    assert.equal(await readDelta(source, 0, 2, new Float32Array(6)), 3);
    assert.equal(await readDelta(source, 1, 1, new Float32Array(3)), 1);
  });

  it('of a file that is shorter than its header says is an error with its name', async () => {
    const { tensor } = stored('BF16', [4, 4], numbers(16, 6));
    fs.truncateSync(tensor.shard.realPath, BEGIN + 20);
    const source = { rows: 4, columns: 4, before: null, after: wholeMatrix(tensor).part };
    await assert.rejects(readDelta(source, 0, 4, new Float32Array(16)), { code: 'changed' });
  });
});
