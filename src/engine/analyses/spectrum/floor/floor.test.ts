/** The rounding floor against what rounding does to simulated updates. */
import { describe, it, beforeAll, afterAll } from 'vitest';
import assert from 'node:assert/strict';
import type { Dtype } from '../../../checkpoint/checkpoint.js';
import { exactValues } from '../exact/exact.js';
import { floorOf } from './floor.js';
import type { MatrixSource } from '../matrix.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../../test/fixtures/checkpoints.js';
import {
  gaussian,
  type Known,
  lineage,
  norm,
  scaled,
  stored,
  sum,
  toBfloat16,
} from '../../../../../test/unit/spectrum/matrices.js';

const [ROWS, COLUMNS] = [192, 384];

function near(actual: number | null, expected: number, tolerance: number, what: string) {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= tolerance * Math.abs(expected),
    `${what}: ${actual} instead of ${expected}`,
  );
}

describe('the rounding floor', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => (folder = await temporaryFolder()));
  afterAll(() => folder.remove());

  const measured = (source: MatrixSource) => exactValues(source, { memory: 2 ** 30, threads: 1 });

  /** Weights in bf16, and an update of this relative size, stored in bf16. */
  async function updated(
    relative: number,
    seed: number,
  ): Promise<{ source: MatrixSource; update: Known; delta: Known }> {
    const weights = toBfloat16(gaussian(ROWS, COLUMNS, 0.02, seed));
    const direction = gaussian(ROWS, COLUMNS, 1, seed + 1);
    const update = scaled(direction, (relative * norm(weights)) / norm(direction));
    const result = toBfloat16(sum(weights, update));
    return {
      source: await lineage(folder.path, weights, result, ['BF16', 'BF16']),
      update,
      delta: sum(result, weights, -1),
    };
  }

  // The design's table: true relative size, the measured one, cosine of the true update and the measured one.
  for (const [relative, seen, cosine, tolerance] of [
    [3e-4, 1.4e-4, 0.36, 0.15],
    [1e-3, 8.2e-4, 0.63, 0.06],
    [3e-3, 3.1e-3, 0.89, 0.06],
    [1e-2, 1.01e-2, 0.987, 0.06],
  ] as const) {
    it(`knows what arrives of an update of ${relative}`, async () => {
      const { source, update, delta } = await updated(relative, 11);
      const { floor, gain, signalFraction } = await floorOf(source);
      const dot = delta.values.reduce((total, value, index) => total + value * update.values[index]!, 0);
      const trueCosine = dot / norm(delta) / norm(update);
      near(norm(delta) / norm(gaussian(ROWS, COLUMNS, 0.02, 11)), seen, 0.06, 'measured size');
      near(trueCosine, cosine, 0.06, 'cosine');
      near(Math.sqrt(signalFraction!), trueCosine, tolerance, 'estimated cosine');
      near(gain, dot / norm(update) ** 2, 2 * tolerance, 'gain');
      // What is not along the update is noise.
      near(floor.fro, norm(delta) * Math.sqrt(1 - trueCosine ** 2), 0.06, 'noise');
    });
  }

  // Within the steps of an 8-bit float, weights are not evenly spread.
  for (const [from, to, tolerance] of [
    ['F32', 'BF16', 0.02],
    ['F32', 'F16', 0.02],
    ['F16', 'BF16', 0.03],
    ['BF16', 'F8_E4M3', 0.05],
    ['F32', 'F8_E5M2', 0.09],
  ] as [Dtype, Dtype, number][]) {
    it(`is the spectrum of storing ${from} weights as ${to}`, async () => {
      let inside = 0;
      let all = 0;
      for (const seed of [1, 2, 3]) {
        const weights = gaussian(ROWS, COLUMNS, 0.02, seed);
        const before = await stored(folder.path, weights, from);
        const source: MatrixSource = {
          rows: ROWS,
          columns: COLUMNS,
          before,
          after: await stored(folder.path, weights, to),
        };
        const { floor, values, low, high, gain, signalFraction } = await floorOf(source);
        const real = await measured(source);
        const fro = Math.sqrt(real.values.reduce((total, value) => total + value * value, 0));
        near(floor.fro, fro, tolerance, 'energy');
        near(floor.spectral, real.values[0]!, 0.02 + tolerance, 'first value');
        near(values[96]!, real.values[96]!, tolerance, 'median');
        near(
          floor.nuclear,
          real.values.reduce((total, value) => total + value, 0),
          tolerance,
          'nuclear norm',
        );
        assert.equal(gain, 1);
        assert.ok(signalFraction! < 2 * tolerance, `${signalFraction} of it would be an update`);
        for (let rank = 0; rank < 50; rank++, all++)
          if (real.values[rank]! >= low[rank]! && real.values[rank]! <= high[rank]!) inside++;
      }
      assert.ok(inside >= 0.9 * all, `${inside} of ${all} values lie in the 95 % band`);
    });
  }

  it('sees the grid that weights are really on', async () => {
    const { source } = await updated(1e-3, 21);
    const expected = (await floorOf(source)).floor;
    const wide = { ...source, before: await asFloat32(source.before!), after: await asFloat32(source.after) };
    const { floor } = await floorOf(wide);
    near(floor.fro, expected.fro, 1e-9, 'floor of bf16 weights in an fp32 file');

    async function asFloat32(part: MatrixSource['after']) {
      const values = new Float64Array(ROWS * COLUMNS);
      const { readDelta } = await import('../matrix.js');
      await readDelta({ ...source, before: null, after: part }, 0, ROWS, values);
      return stored(folder.path, { rows: ROWS, columns: COLUMNS, values }, 'F32');
    }
  });

  it('of fp32 is next to nothing', async () => {
    const weights = gaussian(ROWS, COLUMNS, 0.02, 31);
    const update = gaussian(ROWS, COLUMNS, 2e-5, 32);
    const { floor, gain, signalFraction } = await floorOf(
      await lineage(folder.path, weights, sum(weights, update), ['F32', 'F32']),
    );
    assert.ok(floor.fro < 1e-3 * norm(update) && floor.fro > 0);
    near(gain, 1, 1e-6, 'gain');
    near(signalFraction, 1, 1e-4, 'share of the update');
  });

  it('of integers, and of what did not move, is nothing', async () => {
    const whole = gaussian(40, 50, 20, 41);
    const integers = await floorOf(await lineage(folder.path, whole, gaussian(40, 50, 20, 42), ['I8', 'I8']));
    const weights = toBfloat16(gaussian(40, 50, 0.02, 43));
    const still = await floorOf(await lineage(folder.path, weights, weights, ['BF16', 'BF16']));
    for (const { floor, gain } of [integers, still]) {
      assert.deepEqual([floor.fro, floor.spectral, floor.singularValues.length, gain], [0, 0, 40, null]);
      assert.equal(floor.stableRank, null);
    }
  });

  it('holds no noise where nothing moved', async () => {
    const weights = toBfloat16(gaussian(ROWS, COLUMNS, 0.02, 51));
    const update = gaussian(ROWS, COLUMNS, 1e-4, 52);
    // As embeddings of which few are trained.
    update.values.fill(0, 20 * COLUMNS);
    const source = await lineage(folder.path, weights, toBfloat16(sum(weights, update)), ['BF16', 'BF16']);
    const { values, floor } = await floorOf(source);
    assert.equal(values[21], 0);
    const real = await measured(source);
    const fro = Math.sqrt(real.values.reduce((total, value) => total + value * value, 0));
    assert.ok(values[10]! > 0 && floor.fro < fro);
  });

  it('of a sample of rows is that of all', async () => {
    // 4 Mi elements, of which half are looked at; columns differ by a factor of ten.
    const [rows, columns] = [8192, 512];
    const weights = gaussian(rows, columns, 0.02, 61);
    weights.values.forEach((value, index) => (weights.values[index] = value * (index % 8 === 0 ? 3 : 0.5)));
    const source = await lineage(folder.path, weights, weights, ['F32', 'BF16']);
    const { floor } = await floorOf(source);
    const rounded = toBfloat16(weights);
    near(floor.fro, norm(sum(rounded, weights, -1)), 0.02, 'energy');
  });

  it('of a single row, and of nothing', async () => {
    const weights = gaussian(1, 400, 0.02, 71);
    const { floor } = await floorOf(await lineage(folder.path, weights, weights, ['F32', 'BF16']));
    near(floor.spectral, floor.fro, 1e-9, 'the only value');
    const empty = await floorOf(
      await lineage(folder.path, gaussian(0, 5, 1, 1), gaussian(0, 5, 1, 1), ['F32', 'BF16']),
    );
    assert.deepEqual([empty.floor.fro, empty.values.length], [0, 0]);
  });
});
