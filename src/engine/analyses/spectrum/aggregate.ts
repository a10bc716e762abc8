/**
 * Layers and regions from the spectra of matrices. Works on results alone, so other cuts need no second run.
 *
 * A fused tensor counts by its parts: with `q`, `k` and `v` there, the whole `qkv` is in no aggregate, and with
 * `expert 3 gate` and `expert 3 up` neither is `expert 3`.
 */
import { resolveCuts } from '../../topology/cuts.js';
import { layersOf, recutTensors, regionsOf } from '../../topology/groups.js';
import { RANK_TOLERANCE } from './metrics.js';
import {
  ENERGY_RANKS,
  METRIC_NAMES,
  TOP,
  type LayerSpectra,
  type Overlap,
  type RegionSpectra,
  type SpectraAggregate,
  type Spectrum,
  type SpectrumResult,
  type Spread,
  type TensorSpectra,
} from './result.js';

export interface SpectraGroups {
  layers: LayerSpectra[];
  regions: RegionSpectra[];
}

/** `languageLayers` bounds the Late region; `pairs` is the number of stage pairs. */
export function groupSpectra(
  tensors: readonly TensorSpectra[],
  languageLayers: number,
  cuts: readonly [number, number],
  pairs: number,
): SpectraGroups {
  const counted = countedOnce(tensors);
  return {
    layers: layersOf(counted).map(({ location, group }) => ({ ...location, ...aggregate(group, pairs) })),
    regions: regionsOf(counted, languageLayers, cuts).map(({ location, group }) => ({
      ...location,
      ...aggregate(group, pairs),
    })),
  };
}

/** The same spectra with other cuts: only regions change. Throws `bad-request` when the cuts do not fit. */
export function recutSpectrum(result: SpectrumResult, wanted: readonly number[]): SpectrumResult {
  const layers = Math.max(...result.stages.map((stage) => stage.layers));
  const cuts = resolveCuts(wanted, layers);
  const tensors = recutTensors(result.tensors, cuts);
  return { ...result, cuts, tensors, ...groupSpectra(tensors, layers, cuts, result.stages.length - 1) };
}

/** Without the matrices that others are parts of. */
function countedOnce(tensors: readonly TensorSpectra[]): TensorSpectra[] {
  const fused = new Set(tensors.flatMap(({ name, part }) => wholesOf(part).map((whole) => keyOf(name, whole))));
  return tensors.filter(({ name, part }) => !fused.has(keyOf(name, part)));
}

/** What a part is a part of: `expert 3 gate` of `expert 3` and of the tensor. */
function wholesOf(part: string | null): (string | null)[] {
  if (part === null) return [];
  const words = part.split(' ');
  return [null, ...words.slice(1).map((_, index) => words.slice(0, index + 1).join(' '))];
}

function keyOf(name: string, part: string | null): string {
  return JSON.stringify([name, part]);
}

function aggregate(tensors: readonly TensorSpectra[], pairs: number): Pick<LayerSpectra, 'spectra' | 'overlaps'> {
  return {
    spectra: Array.from({ length: pairs }, (_, pair) =>
      aggregateSpectra(tensors.map((tensor) => tensor.spectra[pair] ?? null).filter((spectrum) => spectrum !== null)),
    ),
    overlaps: Array.from({ length: Math.max(0, pairs - 1) }, (_, pair) =>
      aggregateOverlaps(tensors.map((tensor) => tensor.overlaps[pair] ?? null).filter((overlap) => overlap !== null)),
    ),
  };
}

function aggregateSpectra(spectra: readonly Spectrum[]): SpectraAggregate | null {
  if (spectra.length === 0) return null;
  const spread = (value: (spectrum: Spectrum) => number | null | undefined) => spreadOf(spectra.map(value));
  const curve = (values: (spectrum: Spectrum) => readonly number[]) =>
    Array.from(
      { length: TOP },
      (_, rank) =>
        spreadOf(spectra.map((spectrum) => logRatio(values(spectrum)[rank], spectrum.spectral)))?.mean ?? null,
    );
  const dominatedBy = Object.fromEntries(
    METRIC_NAMES.map((name) => [
      name,
      spectra.filter(({ dominated }) => dominated.includes(name)).length / spectra.length,
    ]),
  ) as SpectraAggregate['dominatedBy'];
  return {
    matrices: spectra.length,
    spectral: spread(({ spectral }) => spectral)!,
    nuclear: spread(({ nuclear }) => nuclear)!,
    stableRank: spread(({ stableRank }) => stableRank),
    effectiveRank: spread(({ effectiveRank }) => effectiveRank),
    relativeRank: spread(({ effectiveRank, count }) => (effectiveRank === null ? null : effectiveRank / count)),
    logVolume: spread(({ logVolume }) => logVolume),
    topEnergy: Object.fromEntries(ENERGY_RANKS.map((rank) => [rank, spread(({ topEnergy }) => topEnergy[rank])])),
    floorStableRank: spread(({ floor }) => floor.stableRank),
    floorEffectiveRank: spread(({ floor }) => floor.effectiveRank),
    correctedStableRank: spread(({ corrected }) => corrected?.stableRank),
    logCurve: curve(({ singularValues, spectral }) =>
      singularValues.filter((value) => value > RANK_TOLERANCE * spectral),
    ),
    floorCurve: curve(({ floor }) => floor.singularValues),
    dominated: dominatedBy.stableRank,
    dominatedBy,
  };
}

/** Null where either is zero or there is no such rank. */
function logRatio(value: number | undefined, spectral: number): number | null {
  return value !== undefined && value > 0 && spectral > 0 ? Math.log(value / spectral) : null;
}

function aggregateOverlaps(overlaps: readonly Overlap[]): LayerSpectra['overlaps'][number] {
  if (overlaps.length === 0) return null;
  const mean = (value: (overlap: Overlap) => number) =>
    overlaps.reduce((sum, overlap) => sum + value(overlap), 0) / overlaps.length;
  return {
    left: mean((overlap) => overlap.leftOverlap),
    right: mean((overlap) => overlap.rightOverlap),
    leftChance: mean((overlap) => overlap.leftChance),
    rightChance: mean((overlap) => overlap.rightChance),
  };
}

/** Over the values that exist; null when none does. */
function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const there = values.filter((value) => value !== null && value !== undefined);
  if (there.length === 0) return null;
  return {
    mean: there.reduce((sum, value) => sum + value, 0) / there.length,
    low: there.reduce((low, value) => Math.min(low, value), Infinity),
    high: there.reduce((high, value) => Math.max(high, value), -Infinity),
  };
}
