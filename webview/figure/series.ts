/** The layer figure as data: what is drawn on screen, exported as a drawing and read out by a screen reader. No DOM. */
import type { Section } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import type { DeltaName } from '../deltas.js';
import { formatTimes } from '../format.js';
import { describeDepth, isWeight, type Model } from '../state/model.js';
import {
  floorLevel,
  floorOf,
  formatMeasure,
  measureLabel,
  valueOf,
  LEVEL_TEXT,
  type FloorLevel,
  type MeasureChoice,
} from '../state/measure.js';
import type { ViewState } from '../state/view.js';
import { layerTicks, linearAxis, logAxis, percentAxis, type Axis } from './axis.js';
import type { LineAxis, LineFigure, LinePoint, LineSeries, LineZone } from './lines.js';
import { regionSpans, type Cuts } from './regions.js';
import { spansOfDepths } from './sections.js';

export interface LayerPoint extends LinePoint {
  depth: number;
  section: Section;
  floor: number | null;
  /** ‖Δ‖ over the rounding floor, whatever metric is drawn. */
  ratio: number | null;
  level: FloorLevel;
}

export interface LayerSeries extends LineSeries {
  delta: DeltaName;
  points: LayerPoint[];
}

export interface LayerAxis extends LineAxis {
  /** Updates drawn on it. */
  series: number[];
}

export interface LayerFigure extends LineFigure {
  choice: MeasureChoice;
  /** Depth range, half a step beyond the outermost points. */
  from: number;
  to: number;
  series: LayerSeries[];
  axes: LayerAxis[];
  /** Some value is exactly zero and the scale is logarithmic: those are marked at the lower edge. */
  zerosOnLog: boolean;
}

type Choice = MeasureChoice & Pick<ViewState, 'axes' | 'part' | 'floor' | 'hidden'>;

export function buildFigure(model: Model, view: Choice, cuts: Cuts = model.result.cuts): LayerFigure {
  const depths = model.result.layers.map((layer) => layer.depth);
  const series = model.deltas
    .filter((name) => !view.hidden.includes(name.index) || model.deltas.length === 1)
    .map((name) => seriesOf(model, view, name));
  const zones = view.floor ? series.flatMap(floorZone) : [];
  const axes = axesOf(view, series, zones.length > 0);
  series.forEach((one) => (one.axis = axes.findIndex((axis) => axis.series.includes(one.delta.index))));
  const from = (depths.length === 0 ? 0 : Math.min(...depths)) - 0.5;
  const to = (depths.length === 0 ? 1 : Math.max(...depths)) + 0.5;
  const label = measureLabel(view);
  return {
    title: `${label} by layer`,
    label,
    choice: { metric: view.metric, energyOver: view.energyOver, relativeOver: view.relativeOver, scale: view.scale },
    from,
    to,
    x: {
      from,
      to,
      log: false,
      title: '',
      ticks: (count) => layerTicks(Math.ceil(from), Math.floor(to), model.visionLayers, count),
    },
    sections: spansOfDepths(depths),
    regions: regionsOf(model, cuts),
    series,
    axes,
    zones: zones.map((zone) => ({ ...zone, axis: series.find(({ key }) => key === zone.key)!.axis })),
    zoneName: 'rounding floor',
    hollowName: 'under 2×',
    zerosOnLog: view.scale === 'log' && series.some((one) => one.points.some((point) => point.value === 0)),
  };
}

/** The regions as they are cut; none for a model that has none. */
export function regionsOf({ result, languageLayers }: Model, cuts: Cuts): LineFigure['regions'] {
  return result.regions.length === 0 ? [] : regionSpans(cuts, languageLayers);
}

function seriesOf(model: Model, view: Choice, name: DeltaName): LayerSeries {
  const { layers } = model.result;
  const points = layers.map((layer, at): LayerPoint => {
    const aggregate = (view.part === 'all' ? layer : layer.components[view.part])?.deltas[name.index] ?? null;
    const weights = (model.byDepth.get(layer.depth) ?? []).filter(
      (tensor) => isWeight(tensor) && (view.part === 'all' || tensor.component === view.part),
    );
    const level = aggregate === null ? 'unknown' : floorLevel(aggregate);
    const before = layers[at - 1];
    return {
      x: layer.depth,
      depth: layer.depth,
      section: layer.section,
      value: aggregate === null ? null : valueOf(view, aggregate),
      low: null,
      high: null,
      floor: aggregate === null ? null : floorOf(view, weights, name.index),
      ratio: floorRatio(aggregate),
      level,
      hollow: level !== 'clear' && level !== 'unknown',
      starts: before !== undefined && before.section !== layer.section,
    };
  });
  const mark = name.index;
  return {
    key: String(mark),
    name: name.full,
    delta: name,
    colour: mark,
    marker: mark,
    dash: mark,
    points,
    baseline: null,
  };
}

/** The rounding floor under a line; none for a metric without one. */
function floorZone({ key, colour, points }: LayerSeries): LineZone[] {
  if (points.every(({ floor }) => floor === null)) return [];
  const floors = points.map(({ x, floor, starts }) => ({ x, value: floor, low: null, high: null, starts }));
  return [{ key, colour, points: floors }];
}

function axesOf(view: Choice, series: readonly LayerSeries[], floored: boolean): LayerAxis[] {
  const label = measureLabel(view);
  const axisOf = (members: readonly LayerSeries[]): Axis => {
    const values = members
      .flatMap(({ points }) => points.flatMap((point) => [point.value, floored ? point.floor : null]))
      .filter((value) => value !== null);
    const axis = view.scale === 'log' ? logAxis(values) : linearAxis(values, 5, view.metric !== 'cosine');
    return view.metric === 'changed' ? percentAxis(axis) : axis;
  };
  if (view.axes === 'shared' || series.length === 1) {
    const all = series.map(({ delta }) => delta.index);
    return [{ ...axisOf(series), label, side: 'left', colour: null, series: all }];
  }
  return series.map((one, index) => ({
    ...axisOf([one]),
    label: `${one.delta.short}: ${label}`,
    side: index % 2 === 0 ? 'left' : 'right',
    colour: one.delta.index,
    series: [one.delta.index],
  }));
}

/** One depth as a sentence, for the live region. */
export function readPoint(model: Model, figure: LayerFigure, depth: number): string {
  const parts = figure.series.map((one) => {
    const point = one.points.find((candidate) => candidate.depth === depth);
    if (point === undefined || point.value === null) return `${one.delta.short}: no weights`;
    const times = point.ratio === null ? '' : `, ${formatTimes(point.ratio)} the floor`;
    const level =
      point.level === 'near' || point.level === 'below' || point.level === 'unchanged'
        ? `, ${LEVEL_TEXT[point.level]}`
        : times;
    return `${one.delta.short}: ${formatMeasure(figure.choice, point.value)}${level}`;
  });
  return `${describeDepth(model, depth)}. ${parts.join('. ')}.`;
}

/** The figure in one sentence: what, over what, and where it is extreme: a cosine's finding is its minimum. */
export function describeFigure(model: Model, figure: LayerFigure): string {
  const lowest = figure.choice.metric === 'cosine' && figure.choice.scale === 'linear';
  const peaks = figure.series.map((one) => {
    const sign = lowest ? -1 : 1;
    const peak = one.points.reduce<LayerPoint | null>(
      (best, point) =>
        point.value !== null && (best === null || sign * point.value > sign * best.value!) ? point : best,
      null,
    );
    if (peak === null || peak.value === null) return `${one.name} has no values`;
    if (peak.value === 0) return `${one.name} is zero everywhere`;
    return (
      `${one.name} ${lowest ? 'is lowest' : 'peaks'} at ${describeDepth(model, peak.depth)} with ` +
      `${formatMeasure(figure.choice, peak.value)}`
    );
  });
  return `${figure.label} over layers. ${peaks.join('; ')}.`;
}
