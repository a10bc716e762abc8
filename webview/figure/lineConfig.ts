/**
 * A figure of lines as chart.js draws it, on screen and in exports: lines and axes are chart.js's, what lies behind
 * the lines is painted by a plugin. No DOM.
 */
import {
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartConfiguration,
  type ChartDataset,
  type ChartOptions,
  type Plugin,
  type Scale,
} from 'chart.js';
import { withAlpha } from '../heatmap/colour.js';
import { seriesColourOf, type Theme } from '../theme.js';
import { broken, onAxis, type LineAxis, type LineFigure, type LineSeries } from './lines.js';
import { markOf } from './marks.js';
import { paintBehind, type Frame, type Look } from './paintLines.js';
import { named } from './pen.js';
import { SECTION_ROW } from './sections.js';

export interface XY {
  x: number;
  y: number | null;
}

export type LineConfiguration = ChartConfiguration<'namedLine', XY[]>;

export interface Room {
  /** Pixels across. */
  width: number;
  /** Too few for a title beside the vertical axis. */
  narrow: boolean;
  /** Least width of the vertical axis: charts below each other have their layers in line. */
  axisWidth: number;
}

declare module 'chart.js' {
  interface ChartTypeRegistry {
    namedLine: ChartTypeRegistry['line'];
  }
}

/** Draws a line and its points each under a name, so that an exported drawing can be taken apart. */
class NamedLines extends LineController {
  static override id = 'namedLine';

  override draw(): void {
    const { ctx, chartArea } = this.chart;
    const { dataset: line, data: points } = this.getMeta() as unknown as { dataset: LineElement; data: Drawable[] };
    const { borderColor, borderWidth, borderDash } = line.options;
    ctx.save();
    ctx.strokeStyle = borderColor;
    ctx.lineWidth = borderWidth;
    ctx.setLineDash(borderDash);
    ctx.beginPath();
    line.path(ctx);
    named(ctx, 'line', () => ctx.stroke());
    ctx.restore();
    named(ctx, 'points', () => points.forEach((point) => point.draw(ctx, chartArea)), true);
  }
}

interface Drawable {
  draw(ctx: CanvasRenderingContext2D, area: Chart['chartArea']): void;
}

Chart.register(NamedLines, LineElement, PointElement, LinearScale, LogarithmicScale);

/** Where the figure lies in a chart that is laid out. */
export function frameOf({ chartArea, scales }: Pick<Chart, 'chartArea' | 'scales'>): Frame {
  const { left, right, top, bottom } = chartArea;
  const horizontal = scales['x']!;
  return {
    left,
    right,
    top,
    bottom,
    sectionsTop: horizontal.bottom + 3,
    x: (value) => horizontal.getPixelForValue(value),
    y: (axis, value) => scales[`y${axis}`]!.getPixelForValue(value),
  };
}

export interface Painted {
  figure: LineFigure;
  theme: Theme;
  look: Look;
}

/** Paints what lies behind the lines. `now` is asked at every painting: a cursor moves without a new figure. */
export function behindLines(now: () => Painted | null): Plugin<'namedLine'> {
  return {
    id: 'behind',
    beforeDatasetsDraw(chart) {
      const painted = now();
      if (painted !== null) paintBehind(chart.ctx, painted.figure, frameOf(chart), painted.theme, painted.look);
    },
  };
}

export function lineConfig(figure: LineFigure, theme: Theme, room: Room): Omit<LineConfiguration, 'plugins'> {
  return {
    type: 'namedLine',
    data: { datasets: datasets(figure, theme, room.width) },
    options: options(figure, theme, room),
  };
}

function datasets(figure: LineFigure, theme: Theme, width: number): ChartDataset<'namedLine', XY[]>[] {
  const most = Math.max(1, ...figure.series.map(({ points }) => points.length));
  // Neighbouring markers should not run into each other.
  const room = (0.38 * (width - 110)) / most;
  const size = Math.max(1.9, Math.min(3.2, room));
  return figure.series.map((one, at) => dataset(one, at, figure.axes[one.axis ?? 0]!, theme, room, size));
}

/** So large that an exact zero is not taken for a point. */
const CROSS = 3 * Math.SQRT2;

function dataset(
  series: LineSeries,
  at: number,
  axis: LineAxis,
  theme: Theme,
  room: number,
  size: number,
): ChartDataset<'namedLine', XY[]> {
  const colour = seriesColourOf(theme, series.colour);
  const { marker } = markOf(series.marker);
  const points = broken(series, (point) => point);
  // Markers that run into each other are a thick line.
  const radius = series.light === true || (points.length > 60 && room < 1.2) ? 0 : size;
  const isZero = (value: number | null | undefined) => axis.log && value !== null && value !== undefined && value <= 0;
  const isGap = (index: number) => (points[index]?.value ?? null) === null;
  const isAlone = (index: number) => isGap(index - 1) && isGap(index + 1);
  return {
    order: -at, // later ones on top: a dashed line shows on a solid one it lies on
    label: series.name,
    yAxisID: `y${series.axis ?? 0}`,
    data: points.map((point, index) => ({
      x: point?.x ?? (points[index + 1]?.x ?? 0) - 0.5,
      y: point === null || point.value === null ? null : onAxis(axis, point.value),
    })),
    borderColor: colour,
    borderWidth: series.light === true ? 1.4 : 1.8,
    borderDash: markOf(series.dash).dash,
    pointStyle: points.map((point) => (isZero(point?.value) ? 'crossRot' : marker)),
    pointRadius: points.map((point, index) =>
      radius === 0 ? 0 : isZero(point?.value) ? CROSS : isAlone(index) ? radius + 0.5 : radius,
    ),
    pointBackgroundColor: points.map((point) => (point?.hollow === true ? theme.background : colour)),
    pointBorderColor: colour,
    pointBorderWidth: radius < 2.4 ? 0.9 : 1.3,
    clip: false,
  };
}

function options(figure: LineFigure, theme: Theme, room: Room): ChartOptions<'namedLine'> {
  const font = { family: theme.font, size: 11 };
  const scales: Record<string, unknown> = { x: horizontal(figure, theme) };
  figure.axes.forEach((axis, index) => {
    const own = axis.colour === null ? null : seriesColourOf(theme, axis.colour);
    scales[`y${index}`] = {
      type: axis.log ? 'logarithmic' : 'linear',
      min: axis.min,
      max: axis.max,
      position: axis.side,
      afterFit(scale: Scale) {
        if (!room.narrow) scale.width = Math.max(scale.width, room.axisWidth);
      },
      afterBuildTicks(scale: Scale) {
        scale.ticks = axis.ticks.map(({ value }) => ({ value }));
      },
      ticks: {
        color: own === null ? theme.muted : theme.foreground,
        font,
        autoSkip: false,
        callback: (value: string | number) => labelOf(axis.ticks, Number(value)),
      },
      grid: { display: index === 0, color: withAlpha(theme.foreground, 0.1) },
      border: { color: own ?? theme.border, width: own === null ? 1 : 2 },
      title: { display: !room.narrow, text: axis.label, color: theme.foreground, font },
    };
  });
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    parsing: false,
    normalized: true,
    events: [],
    layout: { padding: { top: 21, bottom: figure.sections.length > 0 ? SECTION_ROW + 2 : 2, left: 2, right: 5 } },
    scales: scales as NonNullable<ChartOptions<'namedLine'>['scales']>,
  };
}

function horizontal({ x }: LineFigure, theme: Theme): Record<string, unknown> {
  const font = { family: theme.font, size: 11 };
  let ticks: { value: number; label: string }[] = [];
  return {
    type: x.log ? 'logarithmic' : 'linear',
    min: x.from,
    max: x.to,
    afterBuildTicks(scale: Scale) {
      ticks = x.ticks(Math.max(4, Math.floor(scale.chart.width / 44)));
      scale.ticks = ticks.map(({ value }) => ({ value }));
    },
    ticks: {
      color: theme.muted,
      font,
      autoSkip: false,
      maxRotation: 0,
      callback: (value: string | number) => labelOf(ticks, Number(value)),
    },
    grid: { display: false },
    border: { color: theme.border },
    title: { display: x.title !== '', text: x.title, color: theme.muted, font, padding: { top: 1, bottom: 0 } },
  };
}

/** Of the nearest tick: scales compute with floating point. */
function labelOf(ticks: readonly { value: number; label: string }[], value: number): string {
  if (ticks.length === 0) return '';
  return ticks.reduce((best, tick) => (Math.abs(tick.value - value) < Math.abs(best.value - value) ? tick : best))
    .label;
}
