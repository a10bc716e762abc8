/** Fast spectra against known ones: what is computed is right, and what is estimated is as uncertain as it says. */
import { describe, it, beforeAll, afterAll } from 'vitest';
import assert from 'node:assert/strict';
import { exactValues } from '../exact/exact.js';
import { fastBytes, fastSpectrum, type FastSpectrum, topSubspace } from './fast.js';
import { type MatrixSource, transposed as transposedSource } from '../matrix.js';
import { metricsOf } from '../metrics.js';
import { TOP } from '../result.js';
import { overlapOf } from '../subspace.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../../test/fixtures/checkpoints.js';
import { gaussian, type Known, lineage, stored, sum, withValues } from '../../../../../test/unit/spectrum/matrices.js';

const MEMORY = 2 ** 30;
const SEEDS = 10;
const [ROWS, COLUMNS] = [320, 448];
const ranks = Array.from({ length: ROWS }, (_, index) => index + 1);

/** Spectra of different kinds. */
const SHAPES: Record<string, () => Known> = {
  'Marchenko–Pastur': () => gaussian(ROWS, COLUMNS, 1e-3, 1),
  'a power law': () =>
    withValues(
      ROWS,
      COLUMNS,
      ranks.map((rank) => 1 / rank),
      2,
    ),
  'few directions and noise': () =>
    sum(withValues(ROWS, COLUMNS, [9, 7, 6, 5, 4, 3.5, 3, 2.5], 3), gaussian(ROWS, COLUMNS, 0.01, 4)),
  'a slow decay to zero': () =>
    withValues(
      ROWS,
      COLUMNS,
      ranks.map((rank) => 1 - rank / (ROWS + 1)),
      5,
    ),
  'equal values': () =>
    withValues(
      ROWS,
      COLUMNS,
      ranks.map(() => 0.5),
      6,
    ),
  'forty directions': () =>
    withValues(
      ROWS,
      COLUMNS,
      Array.from({ length: 40 }, (_, index) => 0.9 ** index),
      7,
    ),
};

describe('fast spectra', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => (folder = await temporaryFolder()));
  afterAll(() => folder.remove());

  const sourceOf = async (matrix: Known): Promise<MatrixSource> => ({
    rows: matrix.rows,
    columns: matrix.columns,
    before: null,
    after: await stored(folder.path, matrix, 'F32'),
  });
  const exactOf = async (source: MatrixSource) => (await exactValues(source, { memory: MEMORY, threads: 1 })).values;
  const fast = (source: MatrixSource, seed = 0, memory = MEMORY) => fastSpectrum(source, { memory, threads: 1, seed });

  for (const [name, make] of Object.entries(SHAPES)) {
    it(`hold in their intervals: ${name}`, async () => {
      const source = await sourceOf(make());
      const values = await exactOf(source);
      const truth = metricsOf(values);
      const held = new Map<string, number>();
      const count = (metric: string, isHeld: boolean) => held.set(metric, (held.get(metric) ?? 0) + Number(isHeld));
      for (let seed = 0; seed < SEEDS; seed++) {
        const result = await fast(source, seed);
        for (const metric of ['spectral', 'nuclear', 'stableRank', 'effectiveRank', 'logVolume'] as const) {
          const error = result.error[metric]!;
          assert.ok(
            error >= 0 && error < 0.2 * Math.abs(truth[metric]!) + 2 * Number(metric === 'logVolume'),
            `${metric} is off by up to ${error}, which says little of ${truth[metric]}`,
          );
          count(metric, Math.abs(result[metric]! - truth[metric]!) <= error);
        }
        for (const [k, fraction] of Object.entries(truth.topEnergy))
          count(`top ${k}`, Math.abs(result.topEnergy[k]! - fraction!) <= result.error.topEnergy!);
        assert.ok(Math.abs(result.fro / truth.fro - 1) < 1e-6);
        assert.equal(result.conditionNumber, null);
        assert.ok(Math.abs(result.rank - truth.rank) <= 0.05 * truth.rank, `rank ${result.rank} for ${truth.rank}`);
        // Ritz values come from below.
        for (let rank = 0; rank < TOP; rank++)
          assert.ok(result.values[rank]! <= values[rank]! * (1 + 1e-6) + 1e-6 * values[0]!, `value ${rank}`);
      }
      for (const [metric, number] of held)
        assert.ok(number >= 0.9 * SEEDS, `${metric} lies in ${number} of ${SEEDS} intervals`);
    });
  }

  it('estimate the values in between', async () => {
    const source = await sourceOf(SHAPES['Marchenko–Pastur']!());
    const values = await exactOf(source);
    const result = await fast(source);
    assert.equal(result.values.length, ROWS);
    for (const rank of [60, 120, 200, 280])
      assert.ok(
        Math.abs(result.values[rank]! / values[rank]! - 1) < 0.05,
        `${result.values[rank]} for ${values[rank]}`,
      );
    result.values.forEach((value, index) =>
      assert.ok(index === 0 || value <= result.values[index - 1]!, `value ${index} rises`),
    );
  });

  it('are the same whether Δ is kept or read again, and for its transpose', async () => {
    const matrix = SHAPES['few directions and noise']!();
    const source = await lineage(
      folder.path,
      gaussian(ROWS, COLUMNS, 0.02, 8),
      sum(gaussian(ROWS, COLUMNS, 0.02, 8), matrix),
      ['F32', 'F32'],
    );
    const kept = await fast(source);
    const again = await fast(source, 0, fastBytes(ROWS, COLUMNS) - (64 << 20));
    close(again, kept, 1e-6);
    close(await fast(transposedSource(source)), kept, 1e-2);
  });

  it('are all values where there are few', async () => {
    const source = await sourceOf(gaussian(100, 700, 1, 9));
    const values = await exactOf(source);
    const result = await fast(source);
    assert.equal(result.known, 100);
    values.forEach((value, index) => assert.ok(Math.abs(result.values[index]! - value) < 1e-6 * values[0]!));
    const truth = metricsOf(values);
    for (const metric of ['nuclear', 'effectiveRank', 'conditionNumber'] as const) {
      assert.ok(
        Math.abs(result[metric]! - truth[metric]!) <= result.error[metric]! &&
          result.error[metric]! < 2e-3 * truth[metric]!,
        metric,
      );
    }
  });

  it('do not depend on the scale of Δ', async () => {
    const matrix = SHAPES['few directions and noise']!();
    const usual = await fast(await sourceOf(matrix));
    for (const factor of [2 ** -80, 2 ** 70]) {
      const scaled = await fast(await sourceOf({ ...matrix, values: matrix.values.map((value) => value * factor) }));
      assert.ok(Math.abs(scaled.spectral / factor / usual.spectral - 1) < 1e-5, `σ₁ at ${factor}`);
      assert.ok(Math.abs(scaled.effectiveRank! / usual.effectiveRank! - 1) < 1e-3, `effective rank at ${factor}`);
    }
  });

  it('of nothing, of one direction, of one row', async () => {
    const zero = await fast(await sourceOf({ rows: 300, columns: 400, values: new Float64Array(120_000) }));
    assert.deepEqual(
      [zero.spectral, zero.nuclear, zero.stableRank, zero.effectiveRank, zero.rank, zero.subspace.values.length],
      [0, 0, null, null, 0, 0],
    );
    const one = await fast(await sourceOf(withValues(300, 400, [3], 10)));
    assert.ok(
      Math.abs(one.spectral - 3) < 1e-5 &&
        Math.abs(one.stableRank! - 1) < 1e-4 &&
        Math.abs(one.effectiveRank! - 1) < 0.02 + one.error.effectiveRank!,
      JSON.stringify(one.error),
    );
    assert.deepEqual([one.rank, one.subspace.values.length], [1, 1]);
    const row = await fast(await sourceOf(gaussian(1, 500, 1, 11)));
    assert.ok(Math.abs(row.spectral - row.fro) < 1e-5 * row.fro);
    assert.equal(row.count, 1);
  });

  it('count what is not finite, and say no more', async () => {
    const matrix = gaussian(300, 400, 1, 12);
    matrix.values[777] = NaN;
    matrix.values[778] = Infinity;
    const { nonFinite, values } = await fast(await sourceOf(matrix));
    assert.deepEqual([nonFinite, values.length], [2, 0]);
  });

  it('stop when told', async () => {
    const source = await sourceOf(gaussian(300, 400, 1, 13));
    await assert.rejects(fastSpectrum(source, { memory: MEMORY, threads: 1, signal: AbortSignal.abort() }), {
      code: 'cancelled',
    });
  });

  it('find the leading directions on both sides', async () => {
    const values = [8, 7, 6, 5];
    const matrix = withValues(ROWS, COLUMNS, values, 14);
    const subspace = await topSubspace(await sourceOf(sum(matrix, gaussian(ROWS, COLUMNS, 1e-4, 15))), 4, {
      memory: MEMORY,
      threads: 1,
    });
    const known = await topSubspace(await sourceOf(matrix), 16, { memory: MEMORY, threads: 1 });
    assert.equal(known.values.length, 4);
    const overlap = overlapOf(subspace, known)!;
    assert.ok(overlap.leftOverlap > 1 - 1e-5 && overlap.rightOverlap > 1 - 1e-5);
    // σ = uᵀΔv, for vectors of length one.
    for (let index = 0; index < 4; index++) {
      const [left, right] = [
        subspace.left.subarray(index * ROWS, (index + 1) * ROWS),
        subspace.right.subarray(index * COLUMNS, (index + 1) * COLUMNS),
      ];
      let product = 0;
      matrix.values.forEach((value, at) => (product += value * left[Math.floor(at / COLUMNS)]! * right[at % COLUMNS]!));
      assert.ok(Math.abs(Math.abs(product) - values[index]!) < 1e-4 * values[index]!, `direction ${index}: ${product}`);
      assert.ok(product > 0);
    }
    const other = await topSubspace(await sourceOf(withValues(ROWS, COLUMNS, values, 16)), 16, {
      memory: MEMORY,
      threads: 1,
    });
    assert.ok(overlapOf(known, other)!.leftOverlap < 0.1);
  });
});

function close(a: FastSpectrum, b: FastSpectrum, tolerance: number) {
  for (const metric of ['spectral', 'nuclear', 'stableRank', 'effectiveRank', 'logVolume'] as const) {
    assert.ok(Math.abs(a[metric]! / b[metric]! - 1) < tolerance, `${metric}: ${a[metric]} and ${b[metric]}`);
  }
}
