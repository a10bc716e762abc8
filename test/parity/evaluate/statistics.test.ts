/** Intervals and paired tests against SciPy and statsmodels (`make_expectations.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { bootstrapMean, mcnemarOf, wilson } from '../../../src/engine/statistics/statistics.js';

interface Expectations {
  wilson: [number, number, number, number, number][];
  mcnemar: [number, number, boolean, number][];
  bootstrap: { values: number[]; mean: number; low: number; high: number }[];
}

const expected = JSON.parse(readFileSync('test/parity/evaluate/statistics.json', 'utf8')) as Expectations;

function near(actual: number, wanted: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - wanted) <= tolerance * Math.max(1e-300, Math.abs(wanted)) + 1e-15,
    `${what}: ${actual}, expected ${wanted}`,
  );
}

describe('statistics against SciPy and statsmodels', () => {
  it(`Wilson's interval of ${expected.wilson.length} shares`, () => {
    for (const [hits, count, level, low, high] of expected.wilson) {
      const interval = wilson(hits, count, level);
      near(interval.low, low, 1e-12, `${hits} of ${count} at ${level}, low`);
      near(interval.high, high, 1e-12, `${hits} of ${count} at ${level}, high`);
    }
  });

  it(`McNemar's test of ${expected.mcnemar.length} tables, exact and approximate`, () => {
    for (const [lost, won, exact, p] of expected.mcnemar) {
      const result = mcnemarOf(lost, won);
      assert.equal(result.exact, exact, `${lost} lost, ${won} won`);
      near(result.p, p, 1e-9, `${lost} lost, ${won} won`);
    }
  });

  it('the bootstrap interval of a mean, to the noise of its draws', () => {
    for (const { values, mean, low, high } of expected.bootstrap) {
      const result = bootstrapMean(values, { resamples: 50_000, seed: 3 });
      near(result.mean, mean, 1e-12, 'mean');
      const noise = (high - low) * 0.02;
      assert.ok(
        Math.abs(result.low - low) < noise && Math.abs(result.high - high) < noise,
        `${result.low} … ${result.high}, expected ${low} … ${high}`,
      );
    }
  });
});
