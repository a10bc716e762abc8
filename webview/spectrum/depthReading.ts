/** Figures over layers in words and as rows of a table. No DOM. */
import { positionsOf } from '../figure/lines.js';
import { REGION_NAMES } from '../figure/regions.js';
import { plural } from '../format.js';
import { describeDepth } from '../state/model.js';
import type { DepthFigure, DepthPoint } from './figures.js';
import type { SpectrumModel } from './model.js';

/** One depth as a sentence, the line in hand first. */
export function readDepths(model: SpectrumModel, figure: DepthFigure, depth: number, current: string | null): string {
  const parts = [...figure.series]
    .sort((a, b) => Number(b.key === current) - Number(a.key === current))
    .flatMap((line) => {
      const point = line.points.find((one) => one.x === depth);
      if (point === undefined || point.value === null) return [];
      const floor = point.dominated > 0 && line.kind === 'value' ? `, ${dominatedText(point)}` : '';
      return [`${line.name}: ${figure.format(point.value)}${floor}`];
    });
  return `${describeDepth(model, depth)}. ${parts.length === 0 ? 'No spectrum here' : parts.join('. ')}.`;
}

export function dominatedText({ dominated, matrices }: Pick<DepthPoint, 'dominated' | 'matrices'>): string {
  return dominated === 0
    ? ''
    : dominated === matrices
      ? 'the rounding floor explains it'
      : `the rounding floor explains it in ${dominated} of ${plural(matrices, 'matrix', 'matrices')}`;
}

/** What the figure says, in a sentence per line. */
export function describeDepths(model: SpectrumModel, figure: DepthFigure): string {
  const peaks = figure.series.map((line) => {
    const points = line.points.filter((point): point is DepthPoint & { value: number } => point.value !== null);
    if (points.length === 0) return `${line.name} has no points`;
    const peak = points.reduce((best, point) => (point.value > best.value ? point : best));
    const least = points.reduce((best, point) => (point.value < best.value ? point : best));
    return (
      `${line.name} runs from ${figure.format(least.value)} at ${describeDepth(model, least.x)} to ` +
      `${figure.format(peak.value)} at ${describeDepth(model, peak.x)}`
    );
  });
  return `${figure.title}. ${peaks.join('; ')}.`;
}

export interface DepthRow {
  depth: number;
  region: string;
  name: string;
  point: DepthPoint;
}

/** Rows of the table beneath a figure, and of its CSV: depths in order, its lines within each. */
export function depthRows(model: SpectrumModel, figure: DepthFigure): DepthRow[] {
  return positionsOf(figure.series).flatMap((depth) => {
    const span = model.regions.find(({ from, to }) => depth > from && depth < to);
    return figure.series.flatMap((line) => {
      const point = line.points.find((one) => one.x === depth);
      return point === undefined || point.value === null
        ? []
        : [{ depth, region: span === undefined ? '' : REGION_NAMES[span.region], name: line.name, point }];
    });
  });
}
