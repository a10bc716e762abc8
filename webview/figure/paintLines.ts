/** What lies behind the lines of a figure: regions, parts of the model, zones, bands, baselines. No DOM. */
import { withAlpha } from '../heatmap/colour.js';
import { seriesColourOf, type Theme } from '../theme.js';
import { bandedSeries, onAxis, stretchesOf, type LineFigure, type LinePosition, type LinePoint } from './lines.js';
import { hatch, named, strokeLine, type Pen } from './pen.js';
import { REGION_NAMES } from './regions.js';
import { drawSections } from './sections.js';

/** Where things are, in pixels. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** Where the parts of the model are named. */
  sectionsTop: number;
  x: (value: number) => number;
  y: (axis: number, value: number) => number;
}

export interface Look {
  /** The point under the cursor, or the chosen one: of several bands only its line's is drawn. */
  current: LinePosition | null;
  /** Intervals without a band are drawn as whiskers: paper has no pointer. */
  whiskers: boolean;
  /** A chosen column, as wide as a step. */
  column: number | null;
}

const DOTTED = [1.5, 3];

/** From back to front, except for the lines themselves. */
export function paintBehind(ctx: Pen, figure: LineFigure, frame: Frame, theme: Theme, look: Look): void {
  ctx.save();
  ctx.font = `11px ${theme.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  paintRegions(ctx, figure, frame, theme);
  drawSections(ctx, theme, figure.sections, frame.x, frame.sectionsTop);
  ctx.beginPath();
  ctx.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
  ctx.clip();
  if (look.column !== null) paintColumn(ctx, look.column, frame, theme);
  paintZones(ctx, figure, frame, theme);
  paintIntervals(ctx, figure, frame, theme, look);
  paintBaselines(ctx, figure, frame, theme);
  paintSeams(ctx, figure, frame, theme);
  ctx.restore();
}

function paintRegions(ctx: Pen, { regions }: LineFigure, { x, top, bottom }: Frame, theme: Theme): void {
  for (const { region, from, to } of regions) {
    const name = REGION_NAMES[region];
    ctx.fillStyle = theme.muted;
    if (ctx.measureText(name).width + 4 <= x(to) - x(from)) ctx.fillText(name, (x(from) + x(to)) / 2, top - 9);
    if (region === 'mid') {
      ctx.strokeStyle = withAlpha(theme.foreground, 0.28);
      ctx.lineWidth = 1;
      ctx.setLineDash([4, 3]);
      for (const cut of [from, to]) strokeLine(ctx, x(cut), top, x(cut), bottom);
      ctx.setLineDash([]);
    } else {
      ctx.fillStyle = withAlpha(theme.foreground, 0.055);
      ctx.fillRect(x(from), top, x(to) - x(from), bottom - top);
    }
  }
}

function paintColumn(ctx: Pen, column: number, { x, top, bottom }: Frame, theme: Theme): void {
  ctx.fillStyle = withAlpha(theme.focus, 0.22);
  ctx.strokeStyle = theme.focus;
  ctx.lineWidth = 1;
  const left = x(column - 0.5);
  const width = Math.max(2, x(column + 0.5) - left);
  ctx.fillRect(left, top, width, bottom - top);
  ctx.strokeRect(left + 0.5, top + 0.5, Math.max(1, width - 1), bottom - top - 1);
}

function paintZones(ctx: Pen, figure: LineFigure, frame: Frame, theme: Theme): void {
  const strength = theme.kind.startsWith('high') ? 0.85 : 0.55;
  for (const { colour: index, axis = 0, points } of figure.zones) {
    const colour = seriesColourOf(theme, index);
    const y = (value: number) => frame.y(axis, onAxis(figure.axes[axis]!, value));
    const runs = stretchesOf(points);
    named(ctx, 'zone', () => {
      for (const run of runs) {
        ctx.fillStyle = hatch(ctx, colour, strength);
        fillBand(ctx, run, frame.x, y);
        ctx.fillStyle = withAlpha(colour, 0.07);
        fillBand(ctx, run, frame.x, y);
      }
    });
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.3;
    ctx.setLineDash(DOTTED);
    ctx.beginPath();
    for (const run of runs) {
      const [first] = run;
      // One point alone shows as a dash.
      const middle =
        run.length > 1 ? run.map((point) => frame.x(point.x)) : [-5, 5].map((by) => frame.x(first!.x) + by);
      middle.forEach((left, at) => {
        const height = y((run[at] ?? first!).value!);
        if (at === 0) ctx.moveTo(left, height);
        else ctx.lineTo(left, height);
      });
    }
    named(ctx, 'floor', () => ctx.stroke());
    ctx.setLineDash([]);
  }
}

function fillBand(
  ctx: Pen,
  points: readonly LinePoint[],
  x: (value: number) => number,
  y: (value: number) => number,
): void {
  const closed = points.filter(({ low, high }) => low !== null && high !== null);
  if (closed.length === 0) return;
  ctx.beginPath();
  const [first] = closed;
  // One point alone has a band too, as wide as a step.
  if (closed.length === 1) ctx.rect(x(first!.x) - 5, y(first!.high!), 10, y(first!.low!) - y(first!.high!));
  else {
    closed.forEach((point, at) =>
      at === 0 ? ctx.moveTo(x(point.x), y(point.high!)) : ctx.lineTo(x(point.x), y(point.high!)),
    );
    for (const point of closed.toReversed()) ctx.lineTo(x(point.x), y(point.low!));
  }
  ctx.fill();
}

function paintIntervals(ctx: Pen, figure: LineFigure, frame: Frame, theme: Theme, look: Look): void {
  const banded = bandedSeries(figure.series, look.current);
  for (const one of figure.series) {
    const colour = seriesColourOf(theme, one.colour);
    const axis = one.axis ?? 0;
    const y = (value: number) => frame.y(axis, onAxis(figure.axes[axis]!, value));
    if (banded.includes(one)) {
      ctx.fillStyle = withAlpha(colour, theme.kind.startsWith('high') ? 0.22 : 0.15);
      named(ctx, 'band', () => {
        for (const run of stretchesOf(one.points)) fillBand(ctx, run, frame.x, y);
      });
    } else if (look.whiskers) {
      ctx.strokeStyle = withAlpha(colour, 0.6);
      ctx.lineWidth = 1;
      ctx.beginPath();
      for (const { x, low, high } of one.points) {
        if (low === null || high === null) continue;
        ctx.moveTo(frame.x(x), y(low));
        ctx.lineTo(frame.x(x), y(high));
      }
      named(ctx, 'whiskers', () => ctx.stroke());
    }
  }
}

function paintSeams(ctx: Pen, { seams = [] }: LineFigure, { x, top, bottom }: Frame, theme: Theme): void {
  ctx.lineWidth = 1.2;
  ctx.setLineDash([4, 3]);
  for (const seam of seams) {
    ctx.strokeStyle = withAlpha(seriesColourOf(theme, seam.colour), 0.75);
    named(ctx, 'seam', () => strokeLine(ctx, x(seam.x), top, x(seam.x), bottom));
  }
  ctx.setLineDash([]);
}

function paintBaselines(ctx: Pen, figure: LineFigure, frame: Frame, theme: Theme): void {
  for (const { baseline, colour, axis = 0 } of figure.series) {
    if (baseline === null) continue;
    const own = figure.axes[axis]!;
    const height = frame.y(axis, onAxis(own, baseline.value));
    ctx.strokeStyle = baseline.value === 0 && own.min < 0 ? theme.muted : seriesColourOf(theme, colour);
    ctx.lineWidth = 1.3;
    ctx.setLineDash(DOTTED);
    named(ctx, 'baseline', () => strokeLine(ctx, frame.left, height, frame.right, height));
    ctx.setLineDash([]);
  }
}
