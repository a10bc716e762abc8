/** Metrics, fast spectra and overlaps against NumPy float64: `make_fast_expectations.py` wrote the numbers. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fastSpectrum, topSubspace } from '../../../src/engine/analyses/spectrum/fast/fast.js';
import type { MatrixSource } from '../../../src/engine/analyses/spectrum/matrix.js';
import { metricsOf } from '../../../src/engine/analyses/spectrum/metrics.js';
import type { SpectrumMetrics } from '../../../src/engine/analyses/spectrum/result.js';
import { overlapOf } from '../../../src/engine/analyses/spectrum/subspace.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { stored } from '../../unit/spectrum/matrices.js';
import { bell } from '../hashed.js';

interface Case {
  left: number;
  right: number;
  seed: number;
  scale: number;
  noise: number;
  metrics: SpectrumMetrics & { fro: number };
  values: number[];
}

const expected = JSON.parse(readFileSync(path.resolve('test/parity/spectrum/fast.expectations.json'), 'utf8')) as {
  rows: number;
  columns: number;
  directions: number;
  cases: Record<string, Case>;
  overlap: { k: number; left: number[]; right: number[] };
};
const { rows, columns, directions } = expected;
const OPTIONS = { memory: 2 ** 30, threads: 1 };
const METRICS = ['spectral', 'nuclear', 'stableRank', 'effectiveRank', 'logVolume'] as const;

function assertClose(actual: number | null, value: number | null, relative: number, what: string) {
  assert.ok(
    actual !== null && value !== null && Math.abs(actual - value) <= relative * Math.abs(value),
    `${what}: ${actual} instead of ${value}`,
  );
}

describe('parity of fast spectra with NumPy float64', () => {
  let folder: TemporaryFolder;
  const sources = new Map<string, MatrixSource>();
  beforeAll(async () => {
    folder = await temporaryFolder();
    for (const [name, one] of Object.entries(expected.cases))
      sources.set(name, {
        rows,
        columns,
        before: null,
        after: await stored(folder.path, { rows, columns, values: updateOf(one) }, 'F32'),
      });
  });
  afterAll(() => folder.remove());

  for (const [name, { values, metrics }] of Object.entries(expected.cases)) {
    it(`metrics of all values: ${name}`, () => {
      const own = metricsOf(Float64Array.from(values));
      for (const metric of [...METRICS, 'fro', 'conditionNumber'] as const)
        assertClose(own[metric], metrics[metric], 1e-10, metric);
      for (const [k, fraction] of Object.entries(metrics.topEnergy))
        assertClose(own.topEnergy[k]!, fraction, 1e-10, `top ${k}`);
    });

    it(`in their intervals: ${name}`, async () => {
      const result = await fastSpectrum(sources.get(name)!, OPTIONS);
      assertClose(result.fro, metrics.fro, 1e-6, 'fro');
      for (const metric of METRICS)
        assert.ok(
          Math.abs(result[metric]! - metrics[metric]!) <= result.error[metric]!,
          `${metric}: ${result[metric]} ± ${result.error[metric]} instead of ${metrics[metric]}`,
        );
      for (const [k, fraction] of Object.entries(metrics.topEnergy))
        assert.ok(Math.abs(result.topEnergy[k]! - fraction!) <= result.error.topEnergy!, `top ${k}`);
      // What is promised of the leading value, and of the metrics that the probes estimate.
      assertClose(result.spectral, metrics.spectral, 1e-2, 'spectral');
      assertClose(result.nuclear, metrics.nuclear, 2e-2, 'nuclear');
      assertClose(result.effectiveRank, metrics.effectiveRank, 2e-2, 'effectiveRank');
      if (metrics.stableRank! < 2)
        for (let rank = 0; rank < directions - 2; rank++)
          assertClose(result.values[rank]!, values[rank]!, 1e-5, `value ${rank}`);
    });
  }

  it('overlap of two updates', async () => {
    const [a, b] = [...sources.values()];
    const overlap = overlapOf(
      await topSubspace(a!, expected.overlap.k, OPTIONS),
      await topSubspace(b!, expected.overlap.k, OPTIONS),
    )!;
    assert.equal(overlap.k, expected.overlap.k);
    for (const side of ['left', 'right'] as const) {
      overlap[side].forEach((cosine, index) =>
        assert.ok(
          Math.abs(cosine - expected.overlap[side][index]!) < 1e-5,
          `${side} ${index}: ${cosine} instead of ${expected.overlap[side][index]}`,
        ),
      );
    }
    assert.ok(overlap.rightOverlap > 0.5 && overlap.leftOverlap < 0.2, 'the two share inputs, not outputs');
  });
});

function updateOf({ left, right, seed, scale, noise }: Case): Float64Array {
  const values = Float64Array.from({ length: rows * columns }, (_, index) => noise * bell(seed, index));
  for (let row = 0; row < rows; row++) {
    for (let direction = 0; direction < directions; direction++) {
      const factor = bell(left, row * directions + direction) * scale * 2 ** -direction;
      for (let column = 0; column < columns; column++)
        values[row * columns + column]! += factor * bell(right, direction * columns + column);
    }
  }
  return values;
}
