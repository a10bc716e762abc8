/** The layer figure as data: what is drawn on screen, exported as a drawing and read out by a screen reader. No DOM. */
import type { Region, Section } from '../../src/protocol/engineApi.js';
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
import { linearAxis, logAxis, percentAxis, type Axis } from './axis.js';
import { regionSpans, type Cuts } from './regions.js';
import { spansOfDepths, type SectionSpan } from './sections.js';

export interface FigurePoint {
  depth: number;
  section: Section;
  /** Null where this update has no weights at this depth. */
  value: number | null;
  floor: number | null;
  /** ‖Δ‖ over the rounding floor, whatever metric is drawn. */
  ratio: number | null;
  level: FloorLevel;
}

export interface FigureSeries {
  name: DeltaName;
  points: FigurePoint[];
  /** Index into `axes`. */
  axis: number;
}

export interface FigureAxis extends Axis {
  side: 'left' | 'right';
  /** Series drawn on it, for its title. */
  series: number[];
}

export interface Figure {
  label: string;
  choice: MeasureChoice;
  /** Depth range, half a step beyond the outermost points. */
  from: number;
  to: number;
  sections: SectionSpan[];
  /** Blocks of the vision tower: its ticks are counted from 0. */
  visionLayers: number;
  regions: { region: Region; from: number; to: number }[];
  series: FigureSeries[];
  axes: FigureAxis[];
  showFloor: boolean;
  /** Some value is exactly zero and the scale is logarithmic: those are marked at the lower edge. */
  zerosOnLog: boolean;
}

type Choice = MeasureChoice & Pick<ViewState, 'axes' | 'part' | 'floor' | 'hidden'>;

export function buildFigure(model: Model, view: Choice, cuts: Cuts = model.result.cuts): Figure {
  const { result } = model;
  const depths = result.layers.map((layer) => layer.depth);
  const series = model.deltas
    .filter((name) => !view.hidden.includes(name.index) || model.deltas.length === 1)
    .map((name): FigureSeries => ({
      name,
      axis: 0,
      points: result.layers.map((layer): FigurePoint => {
        const aggregate = (view.part === 'all' ? layer : layer.components[view.part])?.deltas[name.index] ?? null;
        const weights = (model.byDepth.get(layer.depth) ?? []).filter(
          (tensor) => isWeight(tensor) && (view.part === 'all' || tensor.component === view.part),
        );
        return {
          depth: layer.depth,
          section: layer.section,
          value: aggregate === null ? null : valueOf(view, aggregate),
          floor: aggregate === null ? null : floorOf(view, weights, name.index),
          ratio: floorRatio(aggregate),
          level: aggregate === null ? 'unknown' : floorLevel(aggregate),
        };
      }),
    }));

  const showFloor = view.floor && series.some((one) => one.points.some((point) => point.floor !== null));
  const log = view.scale === 'log';
  const axisOf = (members: FigureSeries[]): Axis => {
    const values = members.flatMap((one) =>
      one.points
        .flatMap((point) => [point.value, showFloor ? point.floor : null])
        .filter((value): value is number => value !== null),
    );
    const axis = log ? logAxis(values) : linearAxis(values, 5, view.metric !== 'cosine');
    return view.metric === 'changed' ? percentAxis(axis) : axis;
  };
  let axes: FigureAxis[];
  if (view.axes === 'shared' || series.length === 1) {
    axes = [{ ...axisOf(series), side: 'left', series: series.map((one) => one.name.index) }];
  } else {
    axes = series.map((one, index) => {
      one.axis = index;
      return {
        ...axisOf([one]),
        side: index % 2 === 0 ? ('left' as const) : ('right' as const),
        series: [one.name.index],
      };
    });
  }

  return {
    label: measureLabel(view),
    choice: { metric: view.metric, energyOver: view.energyOver, relativeOver: view.relativeOver, scale: view.scale },
    from: (depths.length === 0 ? 0 : Math.min(...depths)) - 0.5,
    to: (depths.length === 0 ? 1 : Math.max(...depths)) + 0.5,
    sections: spansOfDepths(depths),
    visionLayers: model.visionLayers,
    regions: result.regions.length === 0 ? [] : regionSpans(cuts, model.languageLayers),
    series,
    axes,
    showFloor,
    zerosOnLog: log && series.some((one) => one.points.some((point) => point.value === 0)),
  };
}

/** Points of one line, broken where the model's sections meet. */
export function broken<T>(series: FigureSeries, at: (point: FigurePoint) => T | null): (T | null)[] {
  return series.points.flatMap((point, index) => {
    const before = series.points[index - 1];
    return before !== undefined && before.section !== point.section ? [null, at(point)] : [at(point)];
  });
}

/** One depth as a sentence, for the live region. */
export function readPoint(model: Model, figure: Figure, depth: number): string {
  const parts = figure.series.map((one) => {
    const point = one.points.find((candidate) => candidate.depth === depth);
    if (point === undefined || point.value === null) return `${one.name.short}: no weights`;
    const times = point.ratio === null ? '' : `, ${formatTimes(point.ratio)} the floor`;
    const level =
      point.level === 'near' || point.level === 'below' || point.level === 'unchanged'
        ? `, ${LEVEL_TEXT[point.level]}`
        : times;
    return `${one.name.short}: ${formatMeasure(figure.choice, point.value)}${level}`;
  });
  return `${describeDepth(model, depth)}. ${parts.join('. ')}.`;
}

/** The figure in one sentence: what, over what, and where it is extreme: a cosine's finding is its minimum. */
export function describeFigure(model: Model, figure: Figure): string {
  const lowest = figure.choice.metric === 'cosine' && figure.choice.scale === 'linear';
  const peaks = figure.series.map((one) => {
    const sign = lowest ? -1 : 1;
    const peak = one.points.reduce<FigurePoint | null>(
      (best, point) =>
        point.value !== null && (best === null || sign * point.value > sign * best.value!) ? point : best,
      null,
    );
    if (peak === null || peak.value === null) return `${one.name.full} has no values`;
    if (peak.value === 0) return `${one.name.full} is zero everywhere`;
    return `${one.name.full} ${lowest ? 'is lowest' : 'peaks'} at ${describeDepth(model, peak.depth)} with ${formatMeasure(figure.choice, peak.value)}`;
  });
  return `${figure.label} over layers. ${peaks.join('; ')}.`;
}
