import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { metricsOf, rankOf } from './metrics.js';

const close = (actual: number | null, expected: number, what = '') =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= 1e-12 * Math.abs(expected),
    `${what} ${actual} instead of ${expected}`,
  );

describe('metrics of a spectrum', () => {
  it('are what the definitions say', () => {
    const metrics = metricsOf(Float64Array.of(1, 4, 2, 1));
    assert.equal(metrics.spectral, 4);
    assert.equal(metrics.nuclear, 8);
    close(metrics.fro, Math.sqrt(22));
    close(metrics.stableRank, 22 / 16);
    // Shares ½, ¼, ⅛, ⅛: 1.75 bits.
    close(metrics.effectiveRank, 2 ** 1.75);
    assert.equal(metrics.conditionNumber, 4);
    close(metrics.logVolume, Math.log(8));
    close(metrics.topEnergy['1']!, 16 / 22);
    close(metrics.topEnergy['4']!, 1);
    assert.deepEqual([metrics.count, metrics.rank], [4, 4]);
  });

  it('of equal values are all of them', () => {
    const metrics = metricsOf(new Float64Array(100).fill(0.3));
    close(metrics.stableRank, 100);
    close(metrics.effectiveRank, 100);
    close(metrics.conditionNumber, 1);
    close(metrics.logVolume, 50 * Math.log(0.3));
    close(metrics.topEnergy['16']!, 0.16);
  });

  it('do not exist of an all-zero update, but for its norms', () => {
    const metrics = metricsOf(new Float64Array(7));
    assert.deepEqual(
      { ...metrics, topEnergy: Object.values(metrics.topEnergy) },
      {
        spectral: 0,
        nuclear: 0,
        fro: 0,
        stableRank: null,
        effectiveRank: null,
        conditionNumber: null,
        logVolume: null,
        topEnergy: [null, null, null, null],
        count: 7,
        rank: 0,
      },
    );
  });

  it('take rounding of the computation for zero', () => {
    const metrics = metricsOf(Float64Array.of(2, 1, 1e-9, 0));
    assert.equal(metrics.conditionNumber, null);
    assert.equal(metrics.rank, 2);
    close(metrics.logVolume, Math.log(2));
  });

  it('of rank one', () => {
    const metrics = metricsOf(Float64Array.of(5, 0, 0));
    assert.deepEqual(
      [metrics.stableRank, metrics.effectiveRank, metrics.conditionNumber, metrics.topEnergy['1']],
      [1, 1, null, 1],
    );
  });

  it('of a single row', () => {
    const metrics = metricsOf(Float64Array.of(3));
    assert.deepEqual([metrics.conditionNumber, metrics.rank, metrics.effectiveRank], [1, 1, 1]);
  });

  it('hold for updates whose squares float64 cannot hold', () => {
    const metrics = metricsOf(Float64Array.of(3e-200, 4e-200));
    close(metrics.fro, 5e-200);
    close(metrics.stableRank, 25 / 16);
    close(metrics.topEnergy['1']!, 16 / 25);
  });

  it('nothing at all has no rank', () => {
    assert.equal(rankOf(new Float64Array(0)), 0);
    assert.equal(metricsOf(new Float64Array(0)).spectral, 0);
  });
});
