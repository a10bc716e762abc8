/** The spectrum of noise against closed forms, and against simulated noise. */
import { describe, it, beforeAll, afterAll } from 'vitest';
import assert from 'node:assert/strict';
import { exactValues } from '../exact/exact.js';
import { energyOf, NoiseSpectrum, profileOf, type Variances } from './noise.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../../test/fixtures/checkpoints.js';
import { gaussian, type Known, stored, sum, withValues } from '../../../../../test/unit/spectrum/matrices.js';

const constant = (rows: number, columns: number, variance: number): Variances => ({
  rows: profileOf(new Float64Array(rows).fill(variance), rows),
  columns: profileOf(new Float64Array(columns).fill(1), columns),
});

function relativeError(actual: number, expected: number): number {
  return Math.abs(actual / expected - 1);
}

describe('the spectrum of noise', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => (folder = await temporaryFolder()));
  afterAll(() => folder.remove());

  const valuesOf = async (matrix: Known) =>
    (
      await exactValues(
        { rows: matrix.rows, columns: matrix.columns, before: null, after: await stored(folder.path, matrix, 'F64') },
        { memory: 2 ** 30, threads: 1 },
      )
    ).values;

  it('of equal variances is that of Marchenko and Pastur', () => {
    for (const [rows, columns] of [
      [300, 300],
      [200, 800],
      [900, 100],
    ] as const) {
      const spectrum = new NoiseSpectrum(constant(rows, columns, 4));
      const [low, high] = [
        2 * Math.abs(Math.sqrt(rows) - Math.sqrt(columns)),
        2 * (Math.sqrt(rows) + Math.sqrt(columns)),
      ];
      assert.ok(relativeError(spectrum.edge, high) < 1e-3, `edge ${spectrum.edge} instead of ${high}`);
      const count = Math.min(rows, columns);
      assert.ok(
        Math.abs(spectrum.valueAt(count * 0.999) - low) < 0.05 * high,
        `lower edge ${spectrum.valueAt(count * 0.999)} instead of ${low}`,
      );
      // Σσ² is known.
      let squares = 0;
      for (let rank = 0.5; rank < count; rank++) squares += spectrum.valueAt(rank) ** 2;
      assert.ok(relativeError(squares, 4 * rows * columns) < 0.01, `Σσ² ${squares}`);
    }
  });

  it('shows a direction where it comes from', () => {
    // Benaych-Georges & Nadakuditi: σ² = (θ² + mv)(θ² + nv) / θ².
    const spectrum = new NoiseSpectrum(constant(200, 500, 0.25));
    for (const theta of [12, 20, 100]) {
      const seen = Math.sqrt(((theta ** 2 + 50) * (theta ** 2 + 125)) / theta ** 2);
      assert.ok(
        relativeError(spectrum.beneath(seen)!, theta) < 1e-4,
        `${theta} seen at ${seen} is taken for ${spectrum.beneath(seen)}`,
      );
    }
    assert.equal(spectrum.beneath(spectrum.edge * 0.9), null);
  });

  for (const [name, rows, columns, uneven] of [
    ['even', 240, 480, 0],
    ['uneven', 480, 240, 0.4],
    ['square and uneven', 300, 300, 0.3],
  ] as const) {
    it(`of ${name} variances is that of simulated matrices`, async () => {
      // The deviations of rows and columns, log-normal.
      const [r, c] = [gaussian(rows, 1, uneven, 3), gaussian(columns, 1, uneven, 4)].map(({ values }) =>
        values.map(Math.exp),
      ) as [Float64Array, Float64Array];
      const variances: Variances = {
        rows: profileOf(
          r.map((value) => value ** 2),
          rows,
        ),
        columns: profileOf(
          c.map((value) => value ** 2),
          columns,
        ),
      };
      const spectrum = new NoiseSpectrum(variances);
      const draws = await Promise.all(
        [1, 2, 3, 4].map(async (seed) => {
          const matrix = gaussian(rows, columns, 1, 10 * seed);
          matrix.values.forEach(
            (value, index) => (matrix.values[index] = value * r[Math.floor(index / columns)]! * c[index % columns]!),
          );
          return { matrix, values: await valuesOf(matrix) };
        }),
      );
      const count = Math.min(rows, columns);
      for (const rank of [2, 8, Math.round(count / 4), Math.round(count / 2)]) {
        const mean = draws.reduce((total, { values }) => total + values[rank - 1]!, 0) / draws.length;
        assert.ok(
          relativeError(spectrum.valueAt(rank - 0.6), mean) < 0.04,
          `rank ${rank}: ${spectrum.valueAt(rank - 0.6)} instead of ${mean}`,
        );
      }
      const energy =
        draws.reduce((total, { values }) => total + values.reduce((one, value) => one + value * value, 0), 0) /
        draws.length;
      assert.ok(relativeError(energyOf(variances), energy) < 0.03);

      const theta = 2 * spectrum.edge;
      const withDirection = await valuesOf(sum(draws[0]!.matrix, withValues(rows, columns, [theta], 5)));
      assert.ok(
        relativeError(spectrum.beneath(withDirection[0]!)!, theta) < 0.06,
        `${theta} is taken for ${spectrum.beneath(withDirection[0]!)}`,
      );
    });
  }

  it('of rows without noise has zeros', () => {
    const spectrum = new NoiseSpectrum({
      rows: profileOf(
        Float64Array.from({ length: 100 }, (_, row) => (row < 30 ? 1 : 0)),
        100,
      ),
      columns: profileOf(new Float64Array(400).fill(1), 400),
    });
    assert.ok(spectrum.valueAt(28) > 10);
    assert.equal(spectrum.valueAt(40), 0);
  });

  it('of no noise is zero', () => {
    const spectrum = new NoiseSpectrum(constant(10, 20, 0));
    assert.deepEqual([spectrum.edge, spectrum.valueAt(3)], [0, 0]);
  });
});
