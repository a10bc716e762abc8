/** Results of spectra made by hand. */
import type { Overlap, Spectrum, TensorSpectra } from '../../../src/engine/analyses/spectrum/result.js';

export function spectrumOf(singularValues: number[], more: Partial<Spectrum> = {}): Spectrum {
  const [spectral] = singularValues as [number];
  const squares = singularValues.reduce((sum, value) => sum + value * value, 0);
  const metrics = {
    spectral,
    nuclear: singularValues.reduce((sum, value) => sum + value, 0),
    stableRank: squares / spectral ** 2,
    effectiveRank: 2,
    conditionNumber: null,
    logVolume: 1,
    topEnergy: { 1: 0.25, 4: 0.5, 16: 0.75, 50: 1 },
  };
  return {
    ...metrics,
    mode: 'exact',
    fro: Math.sqrt(squares),
    count: singularValues.length,
    rank: singularValues.length,
    singularValues,
    floor: {
      ...metrics,
      stableRank: 8,
      effectiveRank: 9,
      fro: 0.1,
      singularValues: singularValues.map((value) => value / 2),
      low: [],
      high: [],
    },
    error: {
      spectral: 0,
      nuclear: 0,
      stableRank: 0,
      effectiveRank: 0,
      conditionNumber: null,
      logVolume: 0,
      topEnergy: 0,
    },
    dominated: [],
    corrected: null,
    uncorrected: 'floor',
    ...more,
  };
}

export function overlapOf(left: number, right: number): Overlap {
  return {
    k: 1,
    left: [Math.sqrt(left)],
    right: [Math.sqrt(right)],
    leftOverlap: left,
    rightOverlap: right,
    leftChance: 0.25,
    rightChance: 0.125,
  };
}

export function matrixOf(
  layer: number,
  name: string,
  spectra: (Spectrum | null)[],
  more: Partial<TensorSpectra> = {},
): TensorSpectra {
  return {
    name: `model.language_model.layers.${layer}.${name}.weight`,
    section: 'language',
    layer,
    depth: layer + 1,
    component: 'mlp',
    region: 'early',
    part: null,
    rows: 4,
    columns: 8,
    dtypes: spectra.map(() => 'BF16'),
    spectra,
    skipped: spectra.map(() => null),
    overlaps: [],
    ...more,
  };
}
