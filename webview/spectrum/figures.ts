/** The figures over depth as data: rank metrics, ranks of the surface, overlap of the updates’ subspaces. No DOM. */
import type { TensorSpectra } from '../../src/protocol/engineApi.js';
import { layerTicks, linearAxis, logAxis, percentAxis, type Axis } from '../figure/axis.js';
import { soleAxis, type LineFigure, type LinePoint, type LineSeries, type LineZone } from '../figure/lines.js';
import { formatNumber } from '../format.js';
import {
  correctedValue,
  formatRank,
  isCorrected,
  isDominated,
  rankLabel,
  rankValue,
  type RankChoice,
} from './measure.js';
import { byDepth, spreadOf, weightsOf, type SpectrumModel } from './model.js';
import type { SpectrumView, WeightPart } from './view.js';

export interface DepthPoint extends LinePoint {
  matrices: number;
  /** Of those, how many have this metric dominated by the floor. */
  dominated: number;
  /** Mean of the floor’s own metric; null where it has none. */
  floor: number | null;
}

export interface DepthSeries extends LineSeries {
  points: readonly DepthPoint[];
  /** Index of the update; of the first of the two for an overlap. */
  delta: number;
  kind: 'value' | 'corrected' | 'left' | 'right';
}

export interface DepthFigure extends LineFigure {
  series: readonly DepthSeries[];
  format(value: number): string;
  /** What low and high are, in words; empty where there are none. */
  range: string;
}

export type DepthChoice = RankChoice & Pick<SpectrumView, 'part' | 'scale' | 'hidden'>;

export function metricFigure(model: SpectrumModel, choice: DepthChoice): DepthFigure {
  const groups = byDepth(weightsOf(model, choice.part));
  const shown = model.deltas.filter(({ index }) => !choice.hidden.includes(index));
  const series = (shown.length > 0 ? shown : model.deltas).flatMap((name): DepthSeries[] => {
    const of = (kind: DepthSeries['kind'], value: (tensor: TensorSpectra) => number | null) =>
      overDepth(groups, (tensors): Omit<DepthPoint, 'x'> | null => {
        const spectra = tensors.flatMap((tensor) => tensor.spectra[name.index] ?? []);
        const spread = spreadOf(tensors.map(value));
        if (spread === null) return null;
        const floor = spreadOf(spectra.map((spectrum) => rankValue(choice, spectrum.floor, spectrum.count)));
        const dominated = spectra.filter((spectrum) => isDominated(choice, spectrum)).length;
        return {
          value: spread.mean,
          low: spread.low,
          high: spread.high,
          matrices: spectra.length,
          dominated,
          floor: floor?.mean ?? null,
          hollow: kind === 'value' && 2 * dominated >= spectra.length,
        };
      });
    const value: DepthSeries = {
      key: `${name.index}/value`,
      name: name.short,
      colour: name.index,
      marker: name.index,
      dash: name.index,
      delta: name.index,
      kind: 'value',
      baseline: null,
      points: of('value', (tensor) => {
        const spectrum = tensor.spectra[name.index] ?? null;
        return spectrum === null ? null : rankValue(choice, spectrum, spectrum.count);
      }),
    };
    if (!isCorrected(choice.metric)) return [value];
    const points = of('corrected', (tensor) => {
      const spectrum = tensor.spectra[name.index] ?? null;
      return spectrum === null ? null : correctedValue(choice, spectrum);
    }).map((point) => ({ ...point, low: null, high: null }));
    if (points.every((point) => point.value === null)) return [value];
    return [
      value,
      {
        ...value,
        key: `${name.index}/corrected`,
        name: `${name.short}, floor-corrected`,
        kind: 'corrected',
        light: true,
        dash: 4,
        points,
      },
    ];
  });
  const zones = series.flatMap((one): LineZone[] => {
    if (one.kind !== 'value') return [];
    const points = overDepth(groups, (tensors) => {
      const spread = spreadOf(
        tensors.map((tensor) => {
          const spectrum = tensor.spectra[one.delta] ?? null;
          return spectrum === null ? null : rankValue(choice, spectrum.floor, spectrum.count);
        }),
      );
      return spread === null || (spread.high === 0 && spread.low === 0)
        ? null
        : { value: spread.mean, low: spread.low, high: spread.high, matrices: 0, dominated: 0, floor: null };
    });
    return points.every((point) => point.value === null)
      ? []
      : [{ key: `${one.delta}/floor`, colour: one.colour, points }];
  });
  const values = [...series.flatMap(({ points }) => points), ...zones.flatMap(({ points }) => points)]
    .flatMap((point) => [point.value, point.low, point.high])
    .filter((value) => value !== null);
  const log = choice.scale === 'log' && choice.metric !== 'logVolume';
  return {
    ...frame(model, groups),
    title: `${rankLabel(choice)} over layers`,
    label: rankLabel(choice),
    axes: soleAxis(
      log ? logAxis(values) : (fractionAxis(choice, values) ?? linearAxis(values, 5, choice.metric !== 'logVolume')),
      rankLabel(choice),
    ),
    series,
    zones,
    zoneName: 'rounding floor',
    hollowName: 'explained by it',
    format: (value) => formatRank(choice, value),
    range: 'range over the matrices of the layer',
  };
}

/** Every tenth rank of log(σᵢ/σ₁) over depth, of one update. */
export function rankFigure(model: SpectrumModel, delta: number, part: WeightPart): DepthFigure {
  const groups = byDepth(weightsOf(model, part));
  const ranks = tenthRanks(model.ranks);
  const series = ranks.map((rank, at): DepthSeries => ({
    key: `rank ${rank}`,
    name: `rank ${rank}`,
    colour: delta,
    marker: at,
    dash: at,
    light: true,
    delta,
    kind: 'value',
    baseline: null,
    points: overDepth(groups, (tensors) => {
      const cell = logCell(tensors, delta, rank);
      return cell === null
        ? null
        : {
            value: cell.value,
            low: null,
            high: null,
            matrices: cell.matrices,
            dominated: cell.inside ? cell.matrices : 0,
            floor: cell.floor,
          };
    }),
  }));
  const values = series.flatMap(({ points }) => points.flatMap(({ value }) => (value === null ? [] : [value])));
  return {
    ...frame(model, groups),
    title: `${model.deltas[delta]?.full ?? ''}: every tenth rank`,
    label: 'log(σᵢ / σ₁)',
    axes: soleAxis(linearAxis(values, 4), 'log(σᵢ / σ₁)'),
    series,
    zones: [],
    format: formatNumber,
    range: '',
  };
}

/** 10, 20, … of what there is; small models have fewer. */
export function tenthRanks(ranks: number): number[] {
  const step = ranks >= 20 ? 10 : Math.max(1, Math.round(ranks / 4));
  return Array.from({ length: Math.floor(ranks / step) }, (_, at) => (at + 1) * step).filter((rank) => rank > 1);
}

/** How far two updates in a row move in the same directions. Null where there is one update only. */
export function overlapFigure(model: SpectrumModel, part: WeightPart): DepthFigure | null {
  const groups = byDepth(weightsOf(model, part));
  const pairs = model.deltas
    .slice(1)
    .map((to, index) => ({ index, name: `${model.deltas[index]!.short} and ${to.short}` }));
  const several = pairs.length > 1;
  const series = pairs.flatMap(({ index, name }) =>
    (['left', 'right'] as const).map((side, at): DepthSeries => ({
      key: `${index}/${side}`,
      name: `${several ? `${name}: ` : ''}${side === 'left' ? 'outputs (left)' : 'inputs (right)'}`,
      // Not the colours of the updates themselves: this is about a pair of them.
      colour: 2 + at,
      marker: 2 * index + at,
      dash: 2 * index + at,
      delta: index,
      kind: side,
      baseline: null,
      points: overDepth(groups, (tensors) => {
        const own = tensors.flatMap((tensor) => tensor.overlaps[index] ?? []);
        const spread = spreadOf(own.map((overlap) => (side === 'left' ? overlap.leftOverlap : overlap.rightOverlap)));
        const chance = spreadOf(own.map((overlap) => (side === 'left' ? overlap.leftChance : overlap.rightChance)));
        return spread === null
          ? null
          : {
              value: spread.mean,
              low: spread.low,
              high: spread.high,
              matrices: own.length,
              dominated: 0,
              floor: chance?.mean ?? null,
            };
      }),
    })),
  );
  if (series.every(({ points }) => points.every(({ value }) => value === null))) return null;
  const zones = series.map((one): LineZone => ({
    key: `${one.key}/chance`,
    colour: one.colour,
    points: one.points.map(({ x, floor }) => ({ x, value: floor, low: null, high: null })),
  }));
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ value, high, floor }) => [value, high, floor].filter((one) => one !== null)),
  );
  const full = linearAxis([...values, 0.05], 5);
  return {
    ...frame(model, groups),
    title: several ? 'Subspace overlap' : `Subspace overlap of ${pairs[0]?.name ?? ''}`,
    label: 'Mean squared cosine',
    axes: soleAxis(full.max > 1 ? linearAxis([0, 1], 5) : full, 'Mean squared cosine'),
    series,
    zones,
    zoneName: 'random baseline',
    format: formatNumber,
    range: 'range over the matrices of the layer',
  };
}

export interface LogCell {
  /** Mean over matrices of log(σ_rank / σ₁). */
  value: number;
  /** The same of the floor’s σ_rank, against the update’s σ₁. */
  floor: number | null;
  /** On average no larger than what rounding alone reaches: it shows rounding. */
  inside: boolean;
  matrices: number;
}

/** `rank` counts from 1. Null where no matrix has that rank. */
export function logCell(tensors: readonly TensorSpectra[], delta: number, rank: number): LogCell | null {
  let count = 0;
  let sum = 0;
  let floorCount = 0;
  let floorSum = 0;
  let highSum = 0;
  for (const tensor of tensors) {
    const spectrum = tensor.spectra[delta] ?? null;
    const value = spectrum?.singularValues[rank - 1];
    if (spectrum === null || value === undefined || !(value > 0) || !(spectrum.spectral > 0)) continue;
    count++;
    sum += Math.log(value / spectrum.spectral);
    const floor = spectrum.floor.singularValues[rank - 1] ?? 0;
    if (floor > 0) {
      floorCount++;
      floorSum += Math.log(floor / spectrum.spectral);
      highSum += Math.log((spectrum.floor.high[rank - 1] ?? floor) / spectrum.spectral);
    }
  }
  if (count === 0) return null;
  return {
    value: sum / count,
    floor: floorCount === 0 ? null : floorSum / floorCount,
    inside: floorCount === count && sum <= highSum,
    matrices: count,
  };
}

function overDepth(
  groups: ReadonlyMap<number, readonly TensorSpectra[]>,
  at: (tensors: readonly TensorSpectra[]) => Omit<DepthPoint, 'x'> | null,
): DepthPoint[] {
  const none = { value: null, low: null, high: null, matrices: 0, dominated: 0, floor: null };
  return [...groups.keys()]
    .sort((a, b) => a - b)
    .flatMap((depth, index, depths): DepthPoint[] => {
      const before = depths[index - 1];
      // Lines break where the model’s sections meet.
      const gap: DepthPoint[] =
        before !== undefined && Math.sign(before) !== Math.sign(depth) ? [{ x: depth - 0.5, ...none }] : [];
      return [...gap, { x: depth, ...(at(groups.get(depth)!) ?? none) }];
    });
}

function frame(
  model: SpectrumModel,
  groups: ReadonlyMap<number, unknown>,
): Pick<LineFigure, 'x' | 'regions' | 'sections'> {
  const depths = [...groups.keys()];
  const from = Math.min(...depths, depths.length === 0 ? 0 : Infinity);
  const to = Math.max(...depths, depths.length === 0 ? 1 : -Infinity);
  return {
    x: {
      from: from - 0.5,
      to: to + 0.5,
      log: false,
      title: '',
      ticks: (count) => layerTicks(from, to, model.visionLayers, count),
    },
    regions: model.regions.filter((span) => span.to > from && span.from < to),
    sections: model.sections.filter((span) => span.to > from && span.from < to),
  };
}

/** Shares that come near a whole are shown up to the whole. */
function fractionAxis(choice: RankChoice, values: readonly number[]): Axis | null {
  if (choice.metric !== 'topEnergy' && choice.metric !== 'relativeRank') return null;
  const axis = linearAxis(values, 5);
  const full = axis.max > 1 || Math.max(...values, 0) > 0.6 ? linearAxis([0, 1], 5) : axis;
  return percentAxis(full);
}
