/**
 * Lines on screen, each with its band: chart.js draws lines and axes, a plugin draws regions, zones, bands, baselines and
 * the chosen point. One tab stop: left and right walk the axis, up and down the lines, Enter chooses, Escape unwinds.
 */
import {
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartDataset,
  type ChartOptions,
  type Plugin,
} from 'chart.js';
import type { PanelContext } from '../context.js';
import { h, s, type Child } from '../dom.js';
import { withAlpha } from '../heatmap/colour.js';
import { seriesColourOf } from '../theme.js';
import {
  bandedSeries,
  onAxis,
  placesOf,
  pointAt,
  stretchesOf,
  type LineFigure,
  type LinePlace,
  type LineSeries,
} from './lines.js';
import { markerPath, markOf } from './marks.js';
import { REGION_NAMES } from './regions.js';
import { drawSections, SECTION_ROW } from './sections.js';
import { stepAlong, walkable } from './walk.js';

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale);

interface XY {
  x: number;
  y: number | null;
}

export interface LineChart<F extends LineFigure> {
  element: HTMLElement;
  show(figure: F, chosen: LinePlace | null): void;
  dispose(): void;
}

export interface LineChartOptions<F extends LineFigure> {
  testId: string;
  /** Lower than usual. */
  low?: boolean;
  /** The figure in a sentence, with what the keys do. */
  describe(figure: F): string;
  tooltip(figure: F, at: LinePlace): Child[];
  read(figure: F, at: LinePlace): string;
  /** Null where points lead nowhere. */
  onChoose: ((place: LinePlace | null) => void) | null;
  /** Choosing a place means its x; which line was nearest does not matter. */
  wholeColumn?: boolean;
}

/** Room for the numbers and the title of the vertical axis: charts below each other have their layers in line. */
const AXIS_WIDTH = 84;

const NARROW = 420;

export function createLineChart<F extends LineFigure>(
  context: PanelContext,
  options: LineChartOptions<F>,
): LineChart<F> {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': `${options.testId}-canvas` });
  const element = h(
    'div',
    {
      class: `curve-stage${options.low === true ? ' low' : ''}`,
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'figure',
      'data-testid': options.testId,
    },
    canvas,
  );
  let figure: F | null = null;
  let chosen: LinePlace | null = null;
  let chart: Chart<'line', XY[]> | null = null;

  const overlay: Plugin<'line'> = {
    id: 'lines',
    beforeDatasetsDraw(drawn) {
      if (figure === null) return;
      const { ctx, chartArea: area, scales } = drawn;
      const { axis } = figure;
      const theme = context.theme.now();
      const highContrast = theme.kind.startsWith('high');
      const x = (value: number) => scales['x']!.getPixelForValue(value);
      const y = (value: number) => scales['y']!.getPixelForValue(onAxis(axis, value));
      ctx.save();
      ctx.font = `11px ${theme.font}`;
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      for (const { region, from, to } of figure.regions) {
        const name = REGION_NAMES[region];
        ctx.fillStyle = theme.muted;
        if (ctx.measureText(name).width + 4 <= x(to) - x(from)) ctx.fillText(name, (x(from) + x(to)) / 2, area.top - 9);
        if (region === 'mid') {
          ctx.strokeStyle = withAlpha(theme.foreground, 0.28);
          ctx.setLineDash([4, 3]);
          for (const cut of [from, to]) line(ctx, x(cut), area.top, x(cut), area.bottom);
          ctx.setLineDash([]);
        } else {
          ctx.fillStyle = withAlpha(theme.foreground, 0.055);
          ctx.fillRect(x(from), area.top, x(to) - x(from), area.bottom - area.top);
        }
      }
      drawSections(ctx, theme, figure.sections, x, scales['x']!.bottom + 2);
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
      ctx.clip();
      if (chosen !== null && options.wholeColumn === true) {
        ctx.fillStyle = withAlpha(theme.focus, 0.22);
        ctx.strokeStyle = theme.focus;
        ctx.lineWidth = 1;
        const left = x(chosen.x - 0.5);
        const width = Math.max(2, x(chosen.x + 0.5) - left);
        ctx.fillRect(left, area.top, width, area.bottom - area.top);
        ctx.strokeRect(left + 0.5, area.top + 0.5, Math.max(1, width - 1), area.bottom - area.top - 1);
      }
      const fill = (points: readonly { x: number; low: number | null; high: number | null }[]) => {
        const closed = points.filter((point) => point.low !== null && point.high !== null);
        if (closed.length === 0) return;
        ctx.beginPath();
        // One point alone has a band too, as wide as a step.
        if (closed.length === 1)
          ctx.rect(x(closed[0]!.x) - 5, y(closed[0]!.high!), 10, y(closed[0]!.low!) - y(closed[0]!.high!));
        closed.forEach((point, at) =>
          at === 0 ? ctx.moveTo(x(point.x), y(point.high!)) : ctx.lineTo(x(point.x), y(point.high!)),
        );
        for (const point of [...closed].reverse()) ctx.lineTo(x(point.x), y(point.low!));
        ctx.fill();
      };
      for (const zone of figure.zones) {
        const colour = seriesColourOf(theme, zone.colour);
        for (const run of stretchesOf(zone.points)) {
          ctx.fillStyle = hatch(ctx, colour, highContrast ? 0.85 : 0.55);
          fill(run);
          ctx.fillStyle = withAlpha(colour, 0.07);
          fill(run);
          ctx.strokeStyle = colour;
          ctx.lineWidth = 1.3;
          ctx.setLineDash([1.5, 3]);
          ctx.beginPath();
          if (run.length === 1) line(ctx, x(run[0]!.x) - 5, y(run[0]!.value!), x(run[0]!.x) + 5, y(run[0]!.value!));
          run.forEach((point, at) =>
            at === 0 ? ctx.moveTo(x(point.x), y(point.value!)) : ctx.lineTo(x(point.x), y(point.value!)),
          );
          ctx.stroke();
          ctx.setLineDash([]);
        }
      }
      const banded = bandedSeries(figure.series, walk.cursor() ?? chosen);
      for (const one of figure.series) {
        const colour = seriesColourOf(theme, one.colour);
        if (banded.includes(one)) {
          ctx.fillStyle = withAlpha(colour, highContrast ? 0.22 : 0.15);
          for (const run of stretchesOf(one.points)) fill(run);
        }
        if (one.baseline !== null) {
          ctx.strokeStyle = one.baseline.value === 0 && axis.min < 0 ? theme.muted : colour;
          ctx.lineWidth = 1.3;
          ctx.setLineDash([1.5, 3]);
          line(ctx, area.left, y(one.baseline.value), area.right, y(one.baseline.value));
          ctx.setLineDash([]);
        }
      }
      ctx.restore();
    },
    afterDatasetsDraw(drawn) {
      if (figure === null) return;
      const { ctx, chartArea: area, scales } = drawn;
      const { axis, series } = figure;
      const theme = context.theme.now();
      const x = (value: number) => scales['x']!.getPixelForValue(value);
      const ring = (at: LinePlace | null, size: number) => {
        const one = series.find(({ key }) => key === at?.key);
        const point = one === undefined ? null : pointAt(one, at!.x);
        if (one === undefined || point === null) return;
        ctx.fillStyle = seriesColourOf(theme, one.colour);
        ctx.strokeStyle = theme.foreground;
        ctx.lineWidth = 1.8;
        ctx.beginPath();
        ctx.arc(x(point.x), scales['y']!.getPixelForValue(onAxis(axis, point.value!)), size, 0, 2 * Math.PI);
        ctx.fill();
        ctx.stroke();
      };
      const cursor = walk.cursor();
      ctx.save();
      if (cursor !== null) {
        ctx.strokeStyle = withAlpha(theme.foreground, 0.6);
        ctx.lineWidth = 1;
        const at = Math.round(x(cursor.x)) + 0.5;
        line(ctx, at, area.top, at, area.bottom);
      }
      if (options.wholeColumn !== true) ring(chosen, 4.5);
      ring(cursor, 5.5);
      ctx.restore();
    },
  };

  function datasets(drawn: F): ChartDataset<'line', XY[]>[] {
    const theme = context.theme.now();
    const most = Math.max(1, ...drawn.series.map((one) => one.points.length));
    const room = (0.3 * (element.clientWidth - 70)) / most;
    const size = Math.max(1.9, Math.min(3.2, room));
    return drawn.series.map((one, at) => {
      const colour = seriesColourOf(theme, one.colour);
      const { marker } = markOf(one.marker);
      // Markers that run into each other are a thick line.
      const radius = one.light === true || (one.points.length > 60 && room < 1.2) ? 0 : size;
      return {
        order: -at, // later ones on top, as in the export: a dashed line shows on a solid one it lies on
        label: one.name,
        data: one.points.map((point) => ({
          x: point.x,
          y: point.value === null ? null : onAxis(drawn.axis, point.value),
        })),
        borderColor: colour,
        borderWidth: one.light === true ? 1.4 : 1.8,
        borderDash: markOf(one.dash).dash,
        pointStyle: one.points.map((point) =>
          drawn.axis.log && point.value !== null && point.value <= 0 ? 'crossRot' : marker,
        ),
        pointRadius: radius,
        pointBackgroundColor: one.points.map((point) => (point.hollow === true ? theme.background : colour)),
        pointBorderColor: colour,
        pointBorderWidth: radius < 2.4 ? 0.9 : 1.2,
        clip: false,
      };
    });
  }

  function chartOptions(drawn: F): ChartOptions<'line'> {
    const theme = context.theme.now();
    const font = { family: theme.font, size: 11 };
    const narrow = element.clientWidth < NARROW;
    const labelled = (ticks: readonly { value: number; label: string }[], value: number) =>
      ticks.reduce((best, tick) => (Math.abs(tick.value - value) < Math.abs(best.value - value) ? tick : best)).label;
    let across: { value: number; label: string }[] = [];
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      events: [],
      layout: { padding: { top: 20, bottom: drawn.sections.length > 0 ? SECTION_ROW : 2, left: 2, right: 6 } },
      scales: {
        x: {
          type: drawn.x.log ? 'logarithmic' : 'linear',
          min: drawn.x.from,
          max: drawn.x.to,
          afterBuildTicks(scale: { chart: Chart; ticks: { value: number }[] }) {
            across = drawn.x.ticks(Math.max(4, Math.floor(scale.chart.width / 42)));
            scale.ticks = across.map(({ value }) => ({ value }));
          },
          ticks: {
            color: theme.muted,
            font,
            autoSkip: false,
            maxRotation: 0,
            callback: (value: string | number) => (across.length === 0 ? '' : labelled(across, Number(value))),
          },
          grid: { display: false },
          border: { color: theme.border },
          title: {
            display: drawn.x.title !== '',
            text: drawn.x.title,
            color: theme.muted,
            font,
            padding: { top: 1, bottom: 0 },
          },
        },
        y: {
          type: drawn.axis.log ? 'logarithmic' : 'linear',
          min: drawn.axis.min,
          max: drawn.axis.max,
          afterFit(scale: { width: number }) {
            if (!narrow) scale.width = Math.max(scale.width, AXIS_WIDTH);
          },
          afterBuildTicks(scale: { ticks: { value: number }[] }) {
            scale.ticks = drawn.axis.ticks.map(({ value }) => ({ value }));
          },
          ticks: {
            color: theme.muted,
            font,
            autoSkip: false,
            callback: (value: string | number) => labelled(drawn.axis.ticks, Number(value)),
          },
          grid: { color: withAlpha(theme.foreground, 0.1) },
          border: { color: theme.border },
          title: { display: !narrow, text: drawn.label, color: theme.foreground, font },
        },
      } as unknown as NonNullable<ChartOptions<'line'>['scales']>,
    };
  }

  function draw(): void {
    if (figure === null) return;
    const data = { datasets: datasets(figure) };
    if (chart === null)
      chart = new Chart(canvas, { type: 'line', data, options: chartOptions(figure), plugins: [overlay] });
    else {
      chart.data = data;
      chart.options = chartOptions(figure);
      chart.update('none');
    }
  }

  const walk = walkable<LinePlace>(context, {
    stage: element,
    /** The nearest x, and of its points the nearest line. */
    under(event) {
      if (chart === null || figure === null) return null;
      const box = canvas.getBoundingClientRect();
      const { x: horizontal, y: vertical } = chart.scales;
      const { axis } = figure;
      const left = event.clientX - box.left;
      const far = (value: number) => Math.abs(horizontal!.getPixelForValue(value) - left);
      const x = placesOf(figure.series).reduce<number | null>(
        (best, one) => (best === null || far(one) < far(best) ? one : best),
        null,
      );
      if (x === null) return null;
      const away = (one: LineSeries): number => {
        const point = pointAt(one, x);
        return point === null
          ? Infinity
          : Math.abs(vertical!.getPixelForValue(onAxis(axis, point.value!)) - (event.clientY - box.top));
      };
      const nearest = figure.series.reduce<LineSeries | null>(
        (best, one) => (best === null || away(one) < away(best) ? one : best),
        null,
      );
      return nearest === null ? null : { x, key: nearest.key };
    },
    step(key, cursor) {
      if (figure === null || figure.series.length === 0) return undefined;
      const all = placesOf(figure.series);
      const at =
        cursor ??
        (chosen !== null && (options.wholeColumn === true || figure.series.some((one) => one.key === chosen!.key))
          ? chosen
          : null);
      const index = at === null ? -1 : all.indexOf(at.x);
      const row =
        at === null
          ? 0
          : Math.max(
              0,
              figure.series.findIndex((one) => one.key === at.key),
            );
      const along: Record<string, number> = { ArrowDown: row + 1, ArrowUp: row - 1 };
      const column = stepAlong(key, index, all.length);
      if ((column === undefined && along[key] === undefined) || all.length === 0) return undefined;
      const next = along[key] ?? row;
      return {
        x: all[column ?? Math.max(0, index)]!,
        key: figure.series[next < 0 ? figure.series.length - 1 : next % figure.series.length]!.key,
      };
    },
    same: (a, b) => a.x === b.x && a.key === b.key,
    repaint: () => chart?.draw(),
    place(at) {
      const box = canvas.getBoundingClientRect();
      return {
        x: box.left + (chart?.scales['x']!.getPixelForValue(at.x) ?? 0),
        y: box.top + (chart?.chartArea.top ?? 0) + 10,
      };
    },
    tooltip: (at) => (figure === null ? null : options.tooltip(figure, at)),
    read: (at) => options.read(figure!, at),
    choose:
      options.onChoose === null
        ? undefined
        : (at) => {
            const again = chosen?.x === at.x && (options.wholeColumn === true || chosen.key === at.key);
            options.onChoose!(again ? null : at);
          },
    chosen: () => (options.wholeColumn === true ? null : chosen),
    unwind() {
      if (chosen === null || options.onChoose === null) return false;
      options.onChoose(null);
      return true;
    },
  });

  let wasNarrow: boolean | null = null;
  const observer = new ResizeObserver(() => {
    const narrow = element.clientWidth < NARROW;
    if (wasNarrow !== narrow) draw();
    wasNarrow = narrow;
  });
  observer.observe(element);
  const stopTheme = context.theme.onChange(draw);

  return {
    element,
    show(next, nextChosen) {
      figure = next;
      chosen = nextChosen;
      const cursor = walk.cursor();
      if (cursor !== null && !figure.series.some((one) => one.key === cursor.key)) walk.move(null);
      element.setAttribute('aria-label', options.describe(figure));
      draw();
    },
    dispose() {
      observer.disconnect();
      stopTheme();
      chart?.destroy();
    },
  };
}

function line(ctx: CanvasRenderingContext2D, fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

/** Thin diagonal lines: noise, told from a band by its texture as well as by its colour. */
export function hatch(ctx: CanvasRenderingContext2D, colour: string, strength: number): CanvasPattern | string {
  const size = 6;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const pen = tile.getContext('2d')!;
  pen.strokeStyle = withAlpha(colour, strength);
  pen.lineWidth = 1;
  for (const shift of [-size, 0, size]) line(pen, shift - 1, size + 1, shift + size + 1, -1);
  return ctx.createPattern(tile, 'repeat') ?? withAlpha(colour, strength / 3);
}

/** A line sample as it is drawn, for legends and tooltips. */
export function lineSwatch({
  colour,
  marker,
  dash,
  light,
}: Pick<LineSeries, 'colour' | 'marker' | 'dash' | 'light'>): SVGSVGElement {
  return s(
    'svg',
    { class: `swatch series-${colour % 4}`, width: 26, height: 12, viewBox: '0 0 26 12', 'aria-hidden': 'true' },
    s('path', {
      d: 'M1 6H25',
      stroke: 'currentColor',
      'stroke-width': light === true ? 1.4 : 1.8,
      'stroke-dasharray': markOf(dash).dash.join(' '),
      fill: 'none',
    }),
    light === true
      ? null
      : s('path', { d: markerPath(markOf(marker).marker, 13, 6, 3.4), fill: 'currentColor', stroke: 'none' }),
  );
}

/** What the band of a line is, for legends; null for a figure without bands. */
export function bandNote(figure: LineFigure, what: string): HTMLElement | null {
  const banded = figure.series.filter(({ points }) => points.some(({ low, high }) => low !== null && high !== null));
  if (banded.length === 0) return null;
  return h('span', { class: 'muted' }, `Band${banded.length === 1 ? '' : ' of the line under the pointer'}: ${what}`);
}
