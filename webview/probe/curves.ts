/** Figures of the probes as data: what is drawn on screen, exported as a drawing and read out. No DOM. */
import type { AttentionResult } from '../../src/protocol/engineApi.js';
import { linearAxis, roundLayers, type Axis } from '../figure/axis.js';
import { soleAxis, type LineFigure, type LinePoint, type LineSeries } from '../figure/lines.js';
import { REGION_NAMES, regionSpans } from '../figure/regions.js';
import { formatNumber, formatRate } from '../format.js';
import {
  curveName,
  markOfCheckpoint,
  peakOf,
  regionOf,
  TASKS,
  type Curve,
  type CurvePoint,
  type ProbeModel,
} from './model.js';

export interface CurveSeries extends LineSeries {
  points: (CurvePoint & LinePoint & { value: number })[];
}

export interface CurveFigure extends LineFigure {
  percent: boolean;
  series: CurveSeries[];
}

const PERCENT_AXIS: Axis = {
  min: 0,
  max: 1,
  log: false,
  ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, label: `${value * 100}%` })),
};

export function visionFigure(
  model: ProbeModel,
  curves: readonly Curve[],
  title: string,
  by: 'task' | 'checkpoint',
): CurveFigure {
  return figureOf(
    model,
    title,
    'Answers that changed',
    curves.map((curve) => series(model, curve, by)),
  );
}

export function reasoningFigure(model: ProbeModel, curves: readonly Curve[], title: string): CurveFigure {
  return figureOf(
    model,
    title,
    'Wrong answers',
    curves.map((curve) => series(model, curve, 'checkpoint')),
  );
}

function series(model: ProbeModel, curve: Curve, by: 'task' | 'checkpoint'): CurveSeries {
  const task = curve.task === null ? 0 : TASKS.indexOf(curve.task);
  const main = by === 'task' ? task : markOfCheckpoint(model, curve.checkpoint);
  return {
    key: curve.key,
    name: by === 'task' ? curveName(model, curve) : (model.checkpoints[curve.checkpoint]?.label ?? '') + curve.suffix,
    colour: main,
    marker: main,
    // In one figure with several checkpoints the function has the colour and the marker, the checkpoint has the dash.
    dash: by === 'task' && model.checkpoints.length > 1 ? model.checkpoints.length - 1 - curve.checkpoint : main,
    points: curve.points.map(placed),
    baseline: curve.baseline,
  };
}

export function attentionFigure(
  model: ProbeModel,
  measure: 'mean' | 'mass',
  hidden: readonly number[],
): CurveFigure | null {
  const result = model.attention[0];
  if (result === undefined) return null;
  const lines = result.checkpoints.map((checkpoint, index): CurveSeries => {
    const points = withGaps(
      result,
      result.layers.map((layer) =>
        placed({
          depth: layer.depth,
          value: layer[measure][index] ?? 0,
          low: (measure === 'mean' ? layer.low : layer.massLow)[index] ?? 0,
          high: (measure === 'mean' ? layer.high : layer.massHigh)[index] ?? 0,
          n: result.samples.length,
        }),
      ),
    );
    const own = markOfCheckpoint(model, indexIn(model, checkpoint.path));
    return {
      key: `${index}/attention/${measure}`,
      name: checkpoint.label,
      colour: own,
      marker: own,
      dash: own,
      points,
      baseline: null,
    };
  });
  const shown = lines.filter((_, index) => !hidden.includes(indexIn(model, result.checkpoints[index]!.path)));
  return figureOf(
    model,
    'Attention from reasoning to visual tokens',
    measure === 'mean' ? 'Mean attention weight' : 'Attention mass',
    shown,
    false,
  );
}

/** Last checkpoint minus first; null where there is one checkpoint only. */
export function shiftFigure(model: ProbeModel): CurveFigure | null {
  const result = model.attention[0];
  if (result === undefined || result.checkpoints.length < 2) return null;
  const points = result.layers.flatMap((layer) =>
    layer.shift === null
      ? []
      : [
          placed({
            depth: layer.depth,
            value: layer.shift.difference,
            low: layer.shift.low,
            high: layer.shift.high,
            n: result.samples.length,
          }),
        ],
  );
  if (points.length === 0) return null;
  const broken = withGaps(result, points);
  const [first, last] = [result.checkpoints[0]!, result.checkpoints.at(-1)!];
  const line: CurveSeries = {
    key: 'shift',
    name: `${last.label} − ${first.label}`,
    colour: 2,
    marker: 2,
    dash: 0,
    points: broken,
    baseline: { value: 0, low: 0, high: 0 },
  };
  return figureOf(model, `Shift of the mean, ${line.name}`, 'Difference of the mean', [line], false);
}

/** Tokens that go through other experts: all, of text, visual ones. */
export function routingFigure(model: ProbeModel): CurveFigure | null {
  const result = model.routing[0];
  if (result === undefined) return null;
  const names = { all: 'All tokens', text: 'Text', visual: 'Visual tokens' } as const;
  const lines = (['all', 'text', 'visual'] as const).flatMap((what, index): CurveSeries[] => {
    const points = result.layers.flatMap(({ depth, [what]: share }) =>
      share === null ? [] : [placed({ depth, value: share.changed, low: share.low, high: share.high, n: share.n })],
    );
    if (points.length === 0) return [];
    return [
      { key: `routing/${what}`, name: names[what], colour: index, marker: index, dash: index, points, baseline: null },
    ];
  });
  // Without images text is all there is.
  const shown = lines.length === 3 ? lines : lines.slice(0, 1);
  return figureOf(model, 'Tokens with other experts', 'Tokens with other experts', shown);
}

/** No line leads over layers that have no attention. */
function withGaps<P extends LinePoint>({ stateLayers = [] }: AttentionResult, points: readonly P[]): P[] {
  return points.map((point, index) => {
    const before = points[index - 1]?.x ?? point.x;
    return stateLayers.some((layer) => layer > before && layer < point.x) ? { ...point, starts: true } : point;
  });
}

function indexIn(model: ProbeModel, path: string): number {
  return Math.max(
    0,
    model.checkpoints.findIndex((one) => one.path === path),
  );
}

function figureOf(model: ProbeModel, title: string, label: string, lines: CurveSeries[], percent = true): CurveFigure {
  const values = lines.flatMap((line) => line.points.flatMap((point) => [point.low, point.value, point.high]));
  const spans = model.layers >= 3 ? regionSpans(model.cuts, model.layers) : [];
  return {
    title,
    label,
    percent,
    axes: soleAxis(percent ? PERCENT_AXIS : linearAxis(values, 4), label),
    x: layerAxis(model.layers),
    // Regions are kept on the unified axis, where the first language layer is 1.
    regions: spans.map(({ region, from, to }) => ({ region, from: from - 1, to: to - 1 })),
    sections: [],
    series: lines,
    zones: [],
  };
}

/** 0-based language layers, half a layer beyond the first and the last. */
function layerAxis(layers: number): LineFigure['x'] {
  const last = Math.max(0, layers - 1);
  return {
    from: -0.5,
    to: last + 0.5,
    log: false,
    title: 'Language layer',
    ticks: (count) => roundLayers(0, last, count).map((value) => ({ value, label: String(value) })),
  };
}

function placed(point: CurvePoint): CurvePoint & LinePoint & { value: number } {
  return { ...point, x: point.depth };
}

export function valueText(figure: Pick<CurveFigure, 'percent'>, value: number): string {
  return figure.percent ? formatRate(value) : formatNumber(value);
}

export function intervalText(figure: Pick<CurveFigure, 'percent'>, point: Pick<CurvePoint, 'low' | 'high'>): string {
  return figure.percent
    ? `${Math.round(100 * point.low)}–${Math.round(100 * point.high)}%`
    : `${formatNumber(point.low)} to ${formatNumber(point.high)}`;
}

/** One depth as a sentence, the line in hand first. */
export function readDepth(model: ProbeModel, figure: CurveFigure, depth: number, current: string | null): string {
  const parts = [...figure.series]
    .sort((a, b) => Number(b.key === current) - Number(a.key === current))
    .flatMap((line) => {
      const point = line.points.find((one) => one.depth === depth);
      return point === undefined
        ? []
        : [`${line.name}: ${valueText(figure, point.value)} (${intervalText(figure, point)})`];
    });
  return `Layer ${depth}, ${REGION_NAMES[regionOf(model, depth)]}. ${parts.join('. ')}.`;
}

/** What the figure says, in a sentence per line. */
export function describeCurves(figure: CurveFigure): string {
  const peaks = figure.series.map((line) => {
    const peak = peakOf(line);
    return peak === null
      ? `${line.name} has no points`
      : `${line.name} peaks at layer ${peak.depth} with ${valueText(figure, peak.value)}`;
  });
  return `${figure.title}: ${figure.label} over the language layers. ${peaks.join('; ')}.`;
}

/** Rows of the table under the figures, and of the CSV: one per depth and line. */
export function numberRows(
  model: ProbeModel,
  figures: readonly CurveFigure[],
): { depth: number; region: string; name: string; point: CurvePoint; figure: CurveFigure; line: CurveSeries }[] {
  return figures.flatMap((figure) =>
    figure.series.flatMap((line) =>
      line.points.map((point) => ({
        depth: point.depth,
        region: REGION_NAMES[regionOf(model, point.depth)],
        name: figures.length > 1 ? `${figure.title}, ${line.name}` : line.name,
        point,
        figure,
        line,
      })),
    ),
  );
}
