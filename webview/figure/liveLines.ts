/**
 * Lines on screen: chart.js draws them, with a cursor, a chosen point and a tooltip over them. One tab stop: left and
 * right walk the axis, up and down the lines, Enter chooses, Escape unwinds.
 */
import { Chart, type Plugin } from 'chart.js';
import type { PanelContext } from '../context.js';
import type { ComponentChildren } from 'preact';
import { withAlpha } from '../heatmap/colour.js';
import { seriesColourOf, type Theme } from '../theme.js';
import type { Grips } from './grips.js';
import type { Linked } from './linked.js';
import { behindLines, frameOf, lineConfig, type XY } from './lineConfig.js';
import { onAxis, positionsOf, pointAt, type LineFigure, type LinePosition, type LineSeries } from './lines.js';
import type { Frame } from './paintLines.js';
import { strokeLine, type Pen } from './pen.js';
import { stepAlong, walkable, type Walk } from './walk.js';

export interface LineChartOptions<F extends LineFigure> {
  /** The figure in a sentence, with what the keys do. */
  describe(figure: F): string;
  tooltip(figure: F, at: LinePosition): ComponentChildren;
  read(figure: F, at: LinePosition): string;
  /** Null where points lead nowhere. */
  onChoose: ((location: LinePosition | null) => void) | null;
  /** Choosing a place means its x; which line was nearest does not matter. */
  wholeColumn?: boolean | undefined;
  /** The cursor stands on all lines at once: up and down do nothing. */
  allLines?: boolean | undefined;
  /** Below this width the vertical axis has no title. */
  narrow?: number | undefined;
  /** Its layers are not held in line with those of charts above and below it. */
  apart?: boolean | undefined;
  /** Borders that can be dragged. */
  grips?: Grips | undefined;
  /** Its cursor is that of other figures too, by x. */
  linked?: Linked | undefined;
}

export interface LineChart<F extends LineFigure> {
  show(figure: F, chosen: LinePosition | null): void;
  dispose(): void;
}

/** Room for the numbers and the title of the vertical axis: charts below each other have their layers in line. */
const AXIS_WIDTH = 84;
const NARROW = 420;

/** Draws into `canvas` within `stage`, which takes the focus and the pointer. */
export function createLineChart<F extends LineFigure>(
  context: PanelContext,
  nodes: { stage: HTMLElement; canvas: HTMLCanvasElement },
  options: LineChartOptions<F>,
): LineChart<F> {
  const { stage, canvas } = nodes;
  const narrow = options.narrow ?? NARROW;
  let figure: F | null = null;
  let chosen: LinePosition | null = null;
  let chart: Chart<'namedLine', XY[]> | null = null;

  const behind = behindLines(() => {
    if (figure === null) return null;
    const current = walk.cursor() ?? chosen;
    const column = options.wholeColumn === true && chosen !== null ? chosen.x : null;
    return { figure, theme: context.theme.now(), look: { current, whiskers: false, column } };
  });
  const over = overLines(options, () =>
    figure === null ? null : { figure, theme: context.theme.now(), cursor: walk.cursor(), chosen },
  );

  const repaint = () => chart?.draw();

  function draw(): void {
    if (figure === null) return;
    const width = stage.clientWidth;
    const axisWidth = options.apart === true ? 0 : AXIS_WIDTH;
    const config = lineConfig(figure, context.theme.now(), { width, narrow: width < narrow, axisWidth });
    if (chart === null) chart = new Chart(canvas, { ...config, plugins: [behind, over] });
    else {
      chart.data = config.data;
      chart.options = config.options!;
      chart.update('none');
    }
  }

  const pixelOf = (x: number) => chart?.scales['x']!.getPixelForValue(x) ?? 0;
  const valueAt = (clientX: number) =>
    chart?.scales['x']!.getValueForPixel(clientX - canvas.getBoundingClientRect().left) ?? null;
  const isSameChoice = (a: LinePosition | null, b: LinePosition) =>
    a?.x === b.x && (options.wholeColumn === true || a.key === b.key);

  const walk: Walk<LinePosition> = walkable<LinePosition>(context, {
    stage,
    under(event) {
      if (chart === null || figure === null || options.grips?.blocked() === true) return null;
      return nearest(figure, frameOf(chart), event, canvas.getBoundingClientRect());
    },
    step: (key, cursor) => (figure === null ? undefined : stepOn(figure, options, chosen, key, cursor)),
    same: (a, b) => a.x === b.x && (options.allLines === true || a.key === b.key),
    repaint,
    moved: (to) => options.linked?.set(to?.x ?? null),
    location(at) {
      const box = canvas.getBoundingClientRect();
      return { x: box.left + pixelOf(at.x), y: box.top + (chart?.chartArea.top ?? 0) + 10 };
    },
    tooltip: (at) => (figure === null ? null : options.tooltip(figure, at)),
    read: (at) => options.read(figure!, at),
    choose: options.onChoose === null ? undefined : (at) => options.onChoose!(isSameChoice(chosen, at) ? null : at),
    chosen: () => (options.wholeColumn === true && options.allLines !== true ? null : chosen),
    busy: (event) => options.grips?.busy(event) === true,
    unwind() {
      if (options.grips?.unwind() === true) return true;
      if (chosen === null || options.onChoose === null) return false;
      options.onChoose(null);
      return true;
    },
  });
  options.grips?.attach({
    stage,
    frame: () => (chart === null ? null : frameOf(chart)),
    box: () => canvas.getBoundingClientRect(),
    valueAt,
    repaint,
    hideCursor: () => walk.move(null),
  });

  let wasNarrow: boolean | null = null;
  const observer = new ResizeObserver(() => {
    const isNarrow = stage.clientWidth < narrow;
    if (wasNarrow !== isNarrow) draw();
    wasNarrow = isNarrow;
  });
  observer.observe(stage);
  const stops = [context.theme.onChange(draw), options.linked?.onMove(repaint)];

  return {
    show(next, nextChosen) {
      const before = figure;
      // What is shown around it has changed, not the figure.
      if (before === next && chosen?.x === nextChosen?.x && chosen?.key === nextChosen?.key) return;
      figure = next;
      chosen = nextChosen;
      if (chart !== null && before !== null && before.series === next.series && before.axes === next.axes)
        return repaint();
      const cursor = walk.cursor();
      if (cursor !== null && !figure.series.some((one) => one.key === cursor.key)) walk.move(null);
      stage.setAttribute('aria-label', options.describe(figure));
      draw();
    },
    dispose() {
      observer.disconnect();
      for (const stop of stops) stop?.();
      chart?.destroy();
    },
  };
}

interface Over {
  figure: LineFigure;
  theme: ReturnType<PanelContext['theme']['now']>;
  cursor: LinePosition | null;
  chosen: LinePosition | null;
}

/** What lies over the lines: borders to drag, the cursor, what is chosen. */
function overLines<F extends LineFigure>(
  { grips, linked, allLines = false, wholeColumn = false }: LineChartOptions<F>,
  look: () => Over | null,
): Plugin<'namedLine'> {
  return {
    id: 'over',
    afterDraw(drawn) {
      const over = look();
      if (over === null) return;
      const { figure, theme, cursor, chosen } = over;
      // Where it stands in another figure.
      const far = cursor === null ? (linked?.at() ?? null) : null;
      const ctx = drawn.ctx as Pen;
      const frame = frameOf(drawn);
      ctx.save();
      grips?.draw(ctx, theme, frame);
      if (far !== null && far >= figure.x.from && far <= figure.x.to) drawFar(ctx, far, frame, theme);
      if (cursor !== null) drawCursor(ctx, figure, cursor, frame, theme, allLines);
      if (!wholeColumn) drawRing(ctx, figure, chosen, frame, theme, 4.5);
      if (!allLines) drawRing(ctx, figure, cursor, frame, theme, 5.5);
      ctx.restore();
    },
  };
}

/** The nearest x, and of its points the nearest line. */
function nearest(figure: LineFigure, frame: Frame, event: MouseEvent, box: DOMRect): LinePosition | null {
  const left = event.clientX - box.left;
  const far = (value: number) => Math.abs(frame.x(value) - left);
  const x = positionsOf(figure.series).reduce<number | null>(
    (best, one) => (best === null || far(one) < far(best) ? one : best),
    null,
  );
  if (x === null) return null;
  const away = (one: LineSeries): number => {
    const point = pointAt(one, x);
    if (point === null) return Infinity;
    const axis = one.axis ?? 0;
    return Math.abs(frame.y(axis, onAxis(figure.axes[axis]!, point.value!)) - (event.clientY - box.top));
  };
  const line = figure.series.reduce<LineSeries | null>(
    (best, one) => (best === null || away(one) < away(best) ? one : best),
    null,
  );
  return line === null ? null : { x, key: line.key };
}

/** Where a key leads: along the axis, or to another line. */
function stepOn<F extends LineFigure>(
  { series }: F,
  { wholeColumn, allLines }: LineChartOptions<F>,
  chosen: LinePosition | null,
  key: string,
  cursor: LinePosition | null,
): LinePosition | undefined {
  const all = positionsOf(series);
  const known = chosen !== null && (wholeColumn === true || series.some((one) => one.key === chosen.key));
  const at = cursor ?? (known ? chosen : null);
  const index = at === null ? -1 : all.indexOf(at.x);
  const row =
    at === null
      ? 0
      : Math.max(
          0,
          series.findIndex((one) => one.key === at.key),
        );
  const along: Record<string, number> = allLines === true ? {} : { ArrowDown: row + 1, ArrowUp: row - 1 };
  const column = stepAlong(key, index, all.length);
  if ((column === undefined && along[key] === undefined) || all.length === 0) return undefined;
  const next = along[key] ?? row;
  return {
    x: all[column ?? Math.max(0, index)]!,
    key: series[next < 0 ? series.length - 1 : next % series.length]!.key,
  };
}

function drawCursor(
  ctx: Pen,
  figure: LineFigure,
  cursor: LinePosition,
  { x, y, top, bottom }: Frame,
  theme: Theme,
  allLines: boolean,
): void {
  ctx.strokeStyle = allLines ? theme.foreground : withAlpha(theme.foreground, 0.6);
  ctx.lineWidth = 1;
  const at = Math.round(x(cursor.x)) + 0.5;
  strokeLine(ctx, at, top, at, bottom);
  if (!allLines) return;
  for (const one of figure.series) {
    const point = pointAt(one, cursor.x);
    if (point === null) continue;
    const axis = one.axis ?? 0;
    ctx.strokeStyle = theme.background;
    ctx.lineWidth = 1.5;
    dot(ctx, x(cursor.x), y(axis, onAxis(figure.axes[axis]!, point.value!)), 5, seriesColourOf(theme, one.colour));
  }
}

/** Where the cursor stands in another figure: dashed, since nothing here is pointed at. */
function drawFar(ctx: Pen, at: number, { x, top, bottom }: Frame, theme: Theme): void {
  ctx.strokeStyle = withAlpha(theme.foreground, 0.6);
  ctx.lineWidth = 1;
  ctx.setLineDash([3, 3]);
  const column = Math.round(x(at)) + 0.5;
  strokeLine(ctx, column, top, column, bottom);
  ctx.setLineDash([]);
}

function drawRing(
  ctx: Pen,
  { series, axes }: LineFigure,
  at: LinePosition | null,
  { x, y }: Frame,
  theme: Theme,
  size: number,
): void {
  const one = series.find(({ key }) => key === at?.key);
  const point = one === undefined ? null : pointAt(one, at!.x);
  if (one === undefined || point === null) return;
  const axis = one.axis ?? 0;
  ctx.strokeStyle = theme.foreground;
  ctx.lineWidth = 1.8;
  dot(ctx, x(point.x), y(axis, onAxis(axes[axis]!, point.value!)), size, seriesColourOf(theme, one.colour));
}

function dot(ctx: Pen, x: number, y: number, radius: number, colour: string): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
}
