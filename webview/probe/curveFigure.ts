/**
 * Curves over the language layers on screen, each with its 95 % band: chart.js draws lines and axes, a plugin draws
 * regions, bands, baselines and the chosen point. One tab stop: left and right walk the layers, up and down the curves,
 * Enter chooses, Escape unwinds.
 */
import { Chart, LinearScale, LineController, LineElement, PointElement, type ChartDataset, type ChartOptions, type Plugin } from 'chart.js';
import type { PanelContext } from '../context.js';
import { h, s } from '../dom.js';
import { depthTicks } from '../figure/axis.js';
import { markerPath, markOf } from '../figure/marks.js';
import { REGION_NAMES } from '../figure/regions.js';
import { withAlpha } from '../heatmap/colour.js';
import { seriesColourOf } from '../theme.js';
import { describeCurves, intervalText, readDepth, valueText, type CurveFigure, type CurveSeries } from './curves.js';
import { depthsOf, regionOf, type ProbeModel } from './model.js';

Chart.register(LineController, LineElement, PointElement, LinearScale);

interface XY {
  x: number;
  y: number;
}

export interface Choice {
  depth: number;
  curve: string;
}

export interface CurveChart {
  element: HTMLElement;
  show(model: ProbeModel, figure: CurveFigure, chosen: Choice | null): void;
  dispose(): void;
}

export function createCurveChart(context: PanelContext, options: { testId: string; onChoose: ((choice: Choice | null) => void) | null; low?: boolean }): CurveChart {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': `${options.testId}-canvas` });
  const element = h('div', { class: `curve-stage${options.low === true ? ' low' : ''}`, tabindex: 0, role: 'application', 'aria-roledescription': 'figure', 'data-testid': options.testId }, canvas);
  let model: ProbeModel | null = null;
  let figure: CurveFigure | null = null;
  let chosen: Choice | null = null;
  let cursor: Choice | null = null;
  let chart: Chart<'line', XY[]> | null = null;

  const overlay: Plugin<'line'> = {
    id: 'probe',
    beforeDatasetsDraw(drawn) {
      if (figure === null) return;
      const { ctx, chartArea: area, scales } = drawn;
      const theme = context.theme.now();
      const x = (depth: number) => scales['x']!.getPixelForValue(depth);
      const y = (value: number) => scales['y']!.getPixelForValue(value);
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
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
      ctx.clip();
      // Bands of a dozen curves are fog: then the one in hand has its own.
      const only = figure.series.length > 5 ? (cursor ?? chosen)?.curve : undefined;
      for (const one of figure.series) {
        const colour = seriesColourOf(theme, one.colour);
        if (figure.series.length <= 5 || one.key === only) {
          ctx.fillStyle = withAlpha(colour, theme.kind.startsWith('high') ? 0.22 : 0.15);
          ctx.beginPath();
          one.points.forEach((point, at) => (at === 0 ? ctx.moveTo(x(point.depth), y(point.high)) : ctx.lineTo(x(point.depth), y(point.high))));
          for (const point of [...one.points].reverse()) ctx.lineTo(x(point.depth), y(point.low));
          ctx.fill();
        }
        if (one.baseline !== null) {
          ctx.strokeStyle = one.baseline.value === 0 && one.baseline.high === 0 && !figure.percent ? theme.muted : colour;
          ctx.lineWidth = 1.3;
          ctx.setLineDash([1.5, 3]);
          line(ctx, area.left, y(one.baseline.value), area.right, y(one.baseline.value));
          ctx.setLineDash([]);
        }
      }
      if (chosen !== null) {
        ctx.fillStyle = withAlpha(theme.focus, 0.2);
        ctx.strokeStyle = theme.focus;
        ctx.lineWidth = 1;
        const [left, right] = [x(chosen.depth - 0.5), x(chosen.depth + 0.5)];
        ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
        ctx.strokeRect(left + 0.5, area.top + 0.5, right - left - 1, area.bottom - area.top - 1);
      }
      ctx.restore();
    },
    afterDatasetsDraw(drawn) {
      if (figure === null) return;
      const { ctx, chartArea: area, scales } = drawn;
      const theme = context.theme.now();
      const x = (depth: number) => scales['x']!.getPixelForValue(depth);
      const ring = (at: Choice | null, size: number) => {
        const one = figure!.series.find((series) => series.key === at?.curve);
        const point = one?.points.find(({ depth }) => depth === at!.depth);
        if (one === undefined || point === undefined) return;
        ctx.fillStyle = seriesColourOf(theme, one.colour);
        ctx.strokeStyle = theme.foreground;
        ctx.lineWidth = 1.8;
        ctx.beginPath();
        ctx.arc(x(point.depth), scales['y']!.getPixelForValue(point.value), size, 0, 2 * Math.PI);
        ctx.fill();
        ctx.stroke();
      };
      ctx.save();
      if (cursor !== null) {
        ctx.strokeStyle = withAlpha(theme.foreground, 0.6);
        ctx.lineWidth = 1;
        const at = Math.round(x(cursor.depth)) + 0.5;
        line(ctx, at, area.top, at, area.bottom);
      }
      ring(chosen, 4.5);
      ring(cursor, 5.5);
      ctx.restore();
    },
  };

  function datasets(drawn: CurveFigure): ChartDataset<'line', XY[]>[] {
    const theme = context.theme.now();
    const size = Math.max(1.9, Math.min(3.2, (0.3 * (element.clientWidth - 70)) / (drawn.to - drawn.from)));
    return drawn.series.map((one, at) => {
      const colour = seriesColourOf(theme, one.colour);
      return {
        order: -at, // later ones on top, as in the export: a dashed line shows on a solid one it lies on
        label: one.name,
        data: one.points.map((point) => ({ x: point.depth, y: point.value })),
        borderColor: colour,
        borderWidth: 1.8,
        borderDash: markOf(one.dash).dash,
        pointStyle: markOf(one.marker).marker,
        pointRadius: size,
        pointBackgroundColor: colour,
        pointBorderColor: colour,
        pointBorderWidth: 1,
        clip: false,
      };
    });
  }

  function chartOptions(drawn: CurveFigure): ChartOptions<'line'> {
    const theme = context.theme.now();
    const font = { family: theme.font, size: 11 };
    const narrow = element.clientWidth < 420;
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      events: [],
      layout: { padding: { top: 20, bottom: 2, left: 2, right: 6 } },
      scales: {
        x: {
          type: 'linear',
          min: drawn.from,
          max: drawn.to,
          afterBuildTicks(scale: { chart: Chart; ticks: { value: number }[] }) {
            scale.ticks = depthTicks(Math.ceil(drawn.from), Math.floor(drawn.to), Math.max(4, Math.floor(scale.chart.width / 42))).map((value) => ({ value }));
          },
          ticks: { color: theme.muted, font, autoSkip: false, maxRotation: 0, callback: (value: string | number) => String(value) },
          grid: { display: false },
          border: { color: theme.border },
          title: { display: true, text: 'Language layer', color: theme.muted, font, padding: { top: 1, bottom: 0 } },
        },
        y: {
          type: 'linear',
          min: drawn.axis.min,
          max: drawn.axis.max,
          afterBuildTicks(scale: { ticks: { value: number }[] }) {
            scale.ticks = drawn.axis.ticks.map(({ value }) => ({ value }));
          },
          ticks: {
            color: theme.muted,
            font,
            autoSkip: false,
            callback: (value: string | number) => drawn.axis.ticks.reduce((best, tick) => (Math.abs(tick.value - Number(value)) < Math.abs(best.value - Number(value)) ? tick : best)).label,
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
    if (chart === null) chart = new Chart(canvas, { type: 'line', data, options: chartOptions(figure), plugins: [overlay] });
    else {
      chart.data = data;
      chart.options = chartOptions(figure);
      chart.update('none');
    }
  }

  function move(to: Choice | null, at?: { x: number; y: number }): void {
    if (cursor?.depth !== to?.depth || cursor?.curve !== to?.curve) {
      cursor = to;
      chart?.draw();
    }
    if (to === null || chart === null || figure === null || model === null) {
      context.tooltip.hide();
      return;
    }
    const box = canvas.getBoundingClientRect();
    const place = at ?? { x: box.left + chart.scales['x']!.getPixelForValue(to.depth), y: box.top + chart.chartArea.top + 10 };
    context.tooltip.show(place, ...tooltip(model, figure, to, options.onChoose !== null));
  }

  /** The nearest layer, and of its points the nearest curve. */
  function nearest(event: MouseEvent): Choice | null {
    if (chart === null || figure === null) return null;
    const box = canvas.getBoundingClientRect();
    const wanted = chart.scales['x']!.getValueForPixel(event.clientX - box.left) ?? 0;
    const all = depthsOf(figure.series);
    if (all.length === 0) return null;
    const depth = all.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best));
    const far = (one: CurveSeries): number => {
      const point = one.points.find((candidate) => candidate.depth === depth);
      return point === undefined ? Infinity : Math.abs(chart!.scales['y']!.getPixelForValue(point.value) - (event.clientY - box.top));
    };
    const curve = figure.series.reduce<CurveSeries | null>((best, one) => (best === null || far(one) < far(best) ? one : best), null);
    return curve === null || far(curve) === Infinity ? null : { depth, curve: curve.key };
  }

  const choose = (choice: Choice) => {
    if (options.onChoose === null) return;
    const again = chosen?.depth === choice.depth && chosen.curve === choice.curve;
    options.onChoose(again ? null : choice);
  };

  element.addEventListener('pointermove', (event) => move(nearest(event), { x: event.clientX, y: event.clientY }));
  element.addEventListener('pointerleave', () => move(null));
  element.addEventListener('blur', () => move(null));
  element.addEventListener('click', (event) => {
    const at = nearest(event);
    if (at !== null) choose(at);
  });
  element.addEventListener('keydown', (event) => {
    if (figure === null || model === null || figure.series.length === 0) return;
    const all = depthsOf(figure.series);
    const at = cursor ?? (figure.series.some((one) => one.key === chosen?.curve) ? chosen : null);
    const index = at === null ? -1 : all.indexOf(at.depth);
    const row = at === null ? 0 : Math.max(0, figure.series.findIndex((one) => one.key === at.curve));
    const across: Record<string, number> = { ArrowRight: index + 1, ArrowLeft: index === -1 ? all.length - 1 : index - 1, PageDown: index + 5, PageUp: index - 5, Home: 0, End: all.length - 1 };
    const along: Record<string, number> = { ArrowDown: row + 1, ArrowUp: row - 1 };
    if (across[event.key] !== undefined || along[event.key] !== undefined) {
      event.preventDefault();
      const depth = all[Math.max(0, Math.min(all.length - 1, across[event.key] ?? Math.max(0, index)))]!;
      const curve = figure.series[(along[event.key] ?? row) < 0 ? figure.series.length - 1 : (along[event.key] ?? row) % figure.series.length]!.key;
      move({ depth, curve });
      context.announce(readDepth(model, figure, depth, curve));
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (at !== null) choose(at);
    } else if (event.key === 'Escape') {
      if (cursor !== null) move(null);
      else if (chosen !== null) options.onChoose?.(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  });

  let wasNarrow: boolean | null = null;
  const observer = new ResizeObserver(() => {
    const narrow = element.clientWidth < 420;
    if (wasNarrow !== narrow) draw();
    wasNarrow = narrow;
  });
  observer.observe(element);
  const stopTheme = context.theme.onChange(draw);

  return {
    element,
    show(nextModel, nextFigure, nextChosen) {
      model = nextModel;
      figure = nextFigure;
      chosen = nextChosen;
      if (cursor !== null && !figure.series.some((one) => one.key === cursor!.curve)) cursor = null;
      element.setAttribute('aria-label', `${describeCurves(figure)} Left and right walk the layers, up and down the curves${options.onChoose === null ? '' : ', Enter shows the samples behind a point'}.`);
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

function tooltip(model: ProbeModel, figure: CurveFigure, at: Choice, choosable: boolean): (Node | null)[] {
  const rows = figure.series.flatMap((one) => {
    const point = one.points.find(({ depth }) => depth === at.depth);
    if (point === undefined) return [];
    return [
      h(
        'tr',
        { class: one.key === at.curve ? 'current' : undefined },
        h('th', { scope: 'row' }, curveSwatch(one), one.name),
        h('td', {}, valueText(figure, point.value)),
        h('td', { class: 'muted' }, intervalText(figure, point)),
        h('td', { class: 'muted' }, point.n === null ? '' : `n = ${point.n}`),
      ),
    ];
  });
  const baseline = figure.series.find((one) => one.key === at.curve)?.baseline ?? null;
  return [
    h('div', { class: 'tooltip-title' }, h('strong', {}, `Language layer ${at.depth}`), h('span', { class: 'muted' }, REGION_NAMES[regionOf(model, at.depth)])),
    h('div', { class: 'muted' }, `${figure.label}, 95 % interval`),
    h('table', {}, h('tbody', {}, ...rows)),
    baseline === null || !figure.percent ? null : h('div', { class: 'muted' }, `Untouched: ${valueText(figure, baseline.value)} (${intervalText(figure, baseline)})`),
    choosable ? h('div', { class: 'muted' }, 'Click for the samples') : null,
  ];
}

/** A line sample as it is drawn, for legends and tooltips. */
export function curveSwatch({ colour, marker, dash }: Pick<CurveSeries, 'colour' | 'marker' | 'dash'>): SVGSVGElement {
  return s(
    'svg',
    { class: `swatch series-${colour % 4}`, width: 26, height: 12, viewBox: '0 0 26 12', 'aria-hidden': 'true' },
    s('path', { d: 'M1 6H25', stroke: 'currentColor', 'stroke-width': 1.8, 'stroke-dasharray': markOf(dash).dash.join(' '), fill: 'none' }),
    s('path', { d: markerPath(markOf(marker).marker, 13, 6, 3.4), fill: 'currentColor', stroke: 'none' }),
  );
}
