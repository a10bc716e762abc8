/** Layers and regions from matrices. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { groupSpectra, recutSpectrum } from './aggregate.js';
import { RANK_TOLERANCE } from './metrics.js';
import type { SpectrumResult, TensorSpectra } from './result.js';
import { matrixOf, overlapOf, spectrumOf } from '../../../../test/unit/spectrum-job/support.js';

const group = (tensors: TensorSpectra[], layers = 3, cuts: [number, number] = [1, 2], pairs = 1) =>
  groupSpectra(tensors, layers, cuts, pairs);

describe('spectra of a layer', () => {
  it('are means over its matrices, with their range', () => {
    const { layers } = group([
      matrixOf(0, 'a', [spectrumOf([4, 2])]),
      matrixOf(0, 'b', [spectrumOf([2, 2, 2], { effectiveRank: 3, dominated: ['stableRank', 'nuclear'] })]),
    ]);
    const [
      {
        spectra: [made],
        depth,
        layer,
      },
    ] = layers as [(typeof layers)[number]];
    assert.deepEqual([depth, layer, made!.matrices], [1, 0, 2]);
    assert.deepEqual(made!.spectral, { mean: 3, low: 2, high: 4 });
    assert.deepEqual(made!.nuclear, { mean: 6, low: 6, high: 6 });
    assert.deepEqual(made!.stableRank, { mean: (1.25 + 3) / 2, low: 1.25, high: 3 });
    assert.deepEqual(made!.relativeRank, { mean: 1, low: 1, high: 1 });
    assert.deepEqual(made!.topEnergy['16'], { mean: 0.75, low: 0.75, high: 0.75 });
    assert.deepEqual(made!.floorStableRank, { mean: 8, low: 8, high: 8 });
    assert.equal(made!.correctedStableRank, null);
    assert.equal(made!.dominated, 0.5);
    assert.deepEqual(made!.dominatedBy, {
      spectral: 0,
      nuclear: 0.5,
      stableRank: 0.5,
      effectiveRank: 0,
      conditionNumber: 0,
      logVolume: 0,
      topEnergy: 0,
    });
  });

  it('have curves over the ranks that there are', () => {
    const { layers } = group([
      matrixOf(0, 'a', [spectrumOf([4, 2, RANK_TOLERANCE * 2, 0])]),
      matrixOf(0, 'b', [spectrumOf([3, 3, 3])]),
      matrixOf(0, 'c', [spectrumOf([0, 0])]),
    ]);
    const { logCurve, floorCurve } = layers[0]!.spectra[0]!;
    assert.equal(logCurve.length, 50);
    assert.deepEqual(logCurve.slice(0, 5), [0, Math.log(0.5) / 2, 0, null, null]);
    assert.deepEqual(floorCurve.slice(0, 2), [Math.log(0.5), (Math.log(0.25) + Math.log(0.5)) / 2]);
  });

  it('leave out what does not exist', () => {
    const zero = spectrumOf([0, 0], {
      stableRank: null,
      effectiveRank: null,
      logVolume: null,
      topEnergy: { 1: null, 4: null, 16: null, 50: null },
    });
    const { layers } = group([matrixOf(0, 'a', [zero]), matrixOf(0, 'b', [null]), matrixOf(1, 'a', [null])]);
    const [first, second] = layers.map(({ spectra }) => spectra[0]);
    assert.equal(first!.matrices, 1);
    assert.deepEqual(
      [first!.stableRank, first!.effectiveRank, first!.relativeRank, first!.logVolume, first!.topEnergy['1']],
      [null, null, null, null, null],
    );
    assert.deepEqual(first!.spectral, { mean: 0, low: 0, high: 0 });
    assert.equal(second, null);
  });

  it('count a fused tensor by its parts', () => {
    const parts = ['q', 'k', 'v'].map((part, index) => matrixOf(0, 'qkv', [spectrumOf([index + 1])], { part }));
    const whole = matrixOf(0, 'qkv', [spectrumOf([100])]);
    assert.deepEqual(group([whole, ...parts, matrixOf(0, 'o', [spectrumOf([4])])]).layers[0]!.spectra[0]!.spectral, {
      mean: 2.5,
      low: 1,
      high: 4,
    });
    const experts = ['expert 1', 'expert 1 gate', 'expert 1 up', 'expert 10', 'expert 10 gate', 'expert 10 up'].map(
      (part, index) => matrixOf(0, 'experts', [spectrumOf([index + 1])], { part }),
    );
    const made = group(experts).layers[0]!.spectra[0]!;
    assert.deepEqual([made.matrices, made.spectral], [4, { mean: (2 + 3 + 5 + 6) / 4, low: 2, high: 6 }]);
    assert.equal(
      group([matrixOf(0, 'down', [spectrumOf([1])], { part: 'expert 0' })]).layers[0]!.spectra[0]!.matrices,
      1,
    );
  });

  it('have the mean overlap of neighbouring updates', () => {
    const tensor = (name: string, overlaps: TensorSpectra['overlaps']) =>
      matrixOf(0, name, [spectrumOf([1]), spectrumOf([1])], { overlaps });
    const { layers } = group(
      [tensor('a', [overlapOf(0.5, 0.25)]), tensor('b', [overlapOf(1, 0.75)]), tensor('c', [null])],
      3,
      [1, 2],
      2,
    );
    assert.deepEqual(layers[0]!.overlaps, [{ left: 0.75, right: 0.5, leftChance: 0.25, rightChance: 0.125 }]);
    assert.deepEqual(group([tensor('a', [null])], 3, [1, 2], 2).layers[0]!.overlaps, [null]);
  });

  it('come in depth order, and weights outside of layers in none', () => {
    const outside = { ...matrixOf(0, 'embed', [spectrumOf([9])]), layer: null, depth: null, region: null };
    const vision = { ...matrixOf(0, 'v', [spectrumOf([9])]), section: 'vision' as const, depth: -1, region: null };
    assert.deepEqual(
      group([matrixOf(2, 'a', [spectrumOf([1])]), outside, matrixOf(0, 'a', [spectrumOf([1])]), vision]).layers.map(
        ({ depth }) => depth,
      ),
      [-1, 1, 3],
    );
  });
});

describe('spectra of a region', () => {
  const tensors = [0, 1, 2].map((layer) =>
    matrixOf(layer, 'a', [spectrumOf([layer + 1])], { region: (['early', 'mid', 'late'] as const)[layer]! }),
  );

  it('are those of its layers, however the model is cut', () => {
    const { layers, regions } = group(tensors);
    assert.deepEqual(
      regions.map(({ region, first, last }) => [region, first, last]),
      [
        ['early', 0, 0],
        ['mid', 1, 1],
        ['late', 2, 2],
      ],
    );
    const result = {
      stages: [{ layers: 3 }, { layers: 3 }],
      cuts: [1, 2],
      tensors,
      layers,
      regions,
    } as unknown as SpectrumResult;
    const recut = recutSpectrum(result, [0, 1]);
    assert.deepEqual(
      recut.regions.map(({ region, first, last, spectra }) => [region, first, last, spectra[0]!.spectral.mean]),
      [
        ['mid', 0, 0, 1],
        ['late', 1, 2, 2.5],
      ],
    );
    assert.deepEqual(
      recut.layers.map(({ region }) => region),
      ['mid', 'late', 'late'],
    );
    assert.deepEqual(result.tensors, tensors);
    assert.throws(() => recutSpectrum(result, [2, 1]), { code: 'bad-request' });
  });
});
