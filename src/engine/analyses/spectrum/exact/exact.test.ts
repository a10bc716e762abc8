/** What exact spectra do beside being right, which `test/parity/spectrum` holds them to. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exactValues } from './exact.js';
import type { MatrixSource } from '../matrix.js';
import { normal, temporaryFolder, type TemporaryFolder } from '../../../../../test/fixtures/checkpoints.js';
import { encode } from '../../../../../test/fixtures/encode.js';

const OPTIONS = { memory: 2 ** 30, threads: 1 };

describe('an exact spectrum', () => {
  let folder: TemporaryFolder;
  let files = 0;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  /** Δ is `values` itself. */
  async function sourceOf(
    rows: number,
    columns: number,
    values: Float64Array,
    strides = { rowStride: columns, columnStride: 1 },
  ): Promise<MatrixSource> {
    const bytes = encode('F64', values);
    const realPath = path.join(folder.path, `${files++}.bin`);
    await writeFile(realPath, bytes);
    const shard = { name: 'w', realPath, bytes: bytes.length, modifiedNs: 0n, inode: 0n, headerHash: '' };
    const tensor = {
      onDisk: 'w',
      name: 'w',
      dtype: 'F64' as const,
      shape: [rows, columns],
      size: values.length,
      shard,
      begin: 0,
      end: bytes.length,
    };
    return { rows, columns, before: null, after: { tensor, first: 0, ...strides } };
  }

  function noise(count: number, seed: number): Float64Array {
    const next = normal(seed);
    return Float64Array.from({ length: count }, next);
  }

  for (const [rows, columns] of [
    [300, 300],
    [150, 900],
    [900, 150],
    [5, 90],
  ] as const) {
    it(`of ${rows} × ${columns} does not depend on how the matrix is stored`, async () => {
      const values = noise(rows * columns, rows);
      const turned = values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!);
      const { values: plain } = await exactValues(await sourceOf(rows, columns, values), OPTIONS);
      const { values: other } = await exactValues(
        await sourceOf(rows, columns, turned, { rowStride: 1, columnStride: rows }),
        OPTIONS,
      );
      const { values: both } = await exactValues(await sourceOf(columns, rows, turned), OPTIONS);
      assert.equal(plain.length, Math.min(rows, columns));
      for (const [index, value] of plain.entries()) {
        assert.ok(Math.abs(other[index]! - value) < 1e-12 * plain[0]!);
        assert.ok(Math.abs(both[index]! - value) < 1e-12 * plain[0]!);
      }
      const energy = plain.reduce((sum, value) => sum + value * value, 0);
      const expected = values.reduce((sum, value) => sum + value * value, 0);
      assert.ok(Math.abs(energy - expected) < 1e-12 * expected);
    });
  }

  for (const [rows, columns] of [
    [3, 4],
    [300, 300],
    [150, 900],
    [900, 150],
  ] as const) {
    it(`of ${rows} × ${columns} with NaN or infinities has no values and says how many`, async () => {
      const values = noise(rows * columns, 1);
      values[1] = NaN;
      values[values.length - 1] = -Infinity;
      const { values: none, nonFinite } = await exactValues(await sourceOf(rows, columns, values), OPTIONS);
      assert.equal(none.length, 0);
      assert.equal(nonFinite, 2);
    });
  }

  it('of an empty matrix is empty', async () => {
    assert.deepEqual(await exactValues(await sourceOf(0, 5, new Float64Array(0)), OPTIONS), {
      values: new Float64Array(0),
      nonFinite: 0,
    });
    assert.deepEqual(await exactValues(await sourceOf(5, 0, new Float64Array(0)), OPTIONS), {
      values: new Float64Array(0),
      nonFinite: 0,
    });
  });

  it('of a matrix with rows of zeros has as many zeros', async () => {
    const values = noise(200 * 90, 2).fill(0, 0, 130 * 90);
    const { values: found } = await exactValues(await sourceOf(200, 90, values), OPTIONS);
    assert.equal(found.filter((value) => value > 1e-13 * found[0]!).length, 70);
  });

  for (const [rows, columns] of [
    [400, 400],
    [300, 900],
  ] as const) {
    it(`of ${rows} × ${columns} can be cancelled at every stage`, async () => {
      const source = await sourceOf(rows, columns, noise(rows * columns, 3));
      for (const at of [0, 0.3, 0.5]) {
        const cancel = new AbortController();
        let highest = 0;
        const onProgress = (fraction: number) => {
          highest = fraction;
          if (fraction >= at) cancel.abort();
        };
        await assert.rejects(exactValues(source, { ...OPTIONS, signal: cancel.signal, onProgress }), {
          code: 'cancelled',
        });
        assert.ok(highest >= at && highest < 1);
      }
    });
  }
});
