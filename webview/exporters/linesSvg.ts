/** Figures of lines as one drawing, two beside each other where there are several. No DOM. */
import { markerPath, markOf } from '../figure/marks.js';
import { place } from '../figure/axis.js';
import { across, bandedSeries, onAxis, stretchesOf, type LineFigure } from '../figure/lines.js';
import { REGION_NAMES } from '../figure/regions.js';
import { type DrawingText, sectionBrackets, textWidth } from './figureSvg.js';
import { PAPER, seriesColour, type Palette } from './palette.js';
import { element, linePath, svgDocument, text } from './svg.js';

const SIZE = { width: 760, height: 360 };
const HEAD = 44;
const FOOT = 30;

export function linesSvg(
  figures: readonly LineFigure[],
  words: DrawingText,
  palette: Palette = PAPER,
): { svg: string; width: number; height: number } {
  const columns = figures.length > 2 ? 2 : 1;
  const width = SIZE.width * columns;
  const height = HEAD + SIZE.height * Math.ceil(figures.length / columns) + FOOT;
  const out = [text({ x: 16, y: 28, 'font-size': 16, 'font-weight': 600, fill: palette.foreground }, words.title)];
  figures.forEach((figure, index) => {
    const shift = `translate(${(index % columns) * SIZE.width} ${HEAD + Math.floor(index / columns) * SIZE.height})`;
    out.push(element('g', { transform: shift }, one(figure, figures.length > 1, palette)));
  });
  out.push(text({ x: 16, y: height - 10, 'font-size': 11, fill: palette.muted }, words.caption));
  return {
    svg: svgDocument(
      { width, height, title: words.title, description: words.description, background: palette.background },
      ...out,
    ),
    width,
    height,
  };
}

function one(figure: LineFigure, titled: boolean, palette: Palette): string {
  const plot = {
    left: 84,
    right: SIZE.width - 20,
    top: 66,
    bottom: SIZE.height - 50 - (figure.sections.length > 0 ? 16 : 0),
  };
  const x = (value: number) => plot.left + across(figure.x, value) * (plot.right - plot.left);
  const y = (value: number) => plot.bottom - place(figure.axis, onAxis(figure.axis, value)) * (plot.bottom - plot.top);
  const out: string[] = [];
  let at = 16;
  if (titled) {
    out.push(text({ x: at, y: 16, 'font-weight': 600, fill: palette.foreground }, figure.title));
  }
  const row = titled ? 36 : 20;
  for (const series of figure.series) {
    const colour = seriesColour(palette, series.colour);
    out.push(
      element('path', {
        d: `M${at} ${row - 4}h30`,
        stroke: colour,
        'stroke-width': series.light === true ? 1.4 : 2,
        'stroke-dasharray': markOf(series.dash).dash.join(' ') || null,
        fill: 'none',
      }),
      series.light === true
        ? ''
        : element('path', { d: markerPath(markOf(series.marker).marker, at + 15, row - 4, 4), fill: colour }),
      text({ x: at + 38, y: row, fill: palette.foreground }, series.name),
    );
    at += 60 + textWidth(series.name);
  }
  if (figure.zones.length > 0) {
    const name = figure.zoneName ?? 'noise';
    out.push(
      element('path', {
        d: `M${at} ${row - 4}h30`,
        stroke: palette.muted,
        'stroke-width': 1.3,
        'stroke-dasharray': '1.5 3',
        fill: 'none',
      }),
      text(
        { x: at + 38, y: row, fill: palette.muted },
        figure.series.some(({ points }) => points.some((point) => point.hollow === true))
          ? `${name}; hollow: explained by it`
          : name,
      ),
    );
  }
  for (const { region, from, to } of figure.regions) {
    if (region !== 'mid')
      out.push(
        element('rect', {
          x: x(from),
          y: plot.top,
          width: x(to) - x(from),
          height: plot.bottom - plot.top,
          fill: palette.shade,
        }),
      );
    out.push(
      text(
        { x: (x(from) + x(to)) / 2, y: plot.top - 7, 'text-anchor': 'middle', fill: palette.muted },
        REGION_NAMES[region],
      ),
    );
  }
  for (const tick of figure.axis.ticks) {
    out.push(
      element('path', { d: `M${plot.left} ${r(y(tick.value))}H${plot.right}`, stroke: palette.grid, fill: 'none' }),
      text({ x: plot.left - 8, y: y(tick.value) + 4, 'text-anchor': 'end', fill: palette.foreground }, tick.label),
    );
  }
  for (const tick of figure.x.ticks(18)) {
    out.push(
      text({ x: x(tick.value), y: plot.bottom + 17, 'text-anchor': 'middle', fill: palette.foreground }, tick.label),
    );
  }
  out.push(sectionBrackets(figure.sections, x, plot.bottom + 25, palette));
  const middle = (plot.top + plot.bottom) / 2;
  out.push(
    element('path', {
      d: `M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}`,
      stroke: palette.muted,
      fill: 'none',
    }),
    text(
      { x: (plot.left + plot.right) / 2, y: SIZE.height - 12, 'text-anchor': 'middle', fill: palette.muted },
      figure.x.title,
    ),
    text(
      { x: 20, y: middle, 'text-anchor': 'middle', fill: palette.foreground, transform: `rotate(-90 20 ${r(middle)})` },
      figure.label,
    ),
  );
  const band = (
    points: readonly { x: number; low: number | null; high: number | null }[],
    attributes: Record<string, string | number>,
  ) => {
    const closed = points.filter((point) => point.low !== null && point.high !== null);
    const edge = [
      ...closed.map((point) => ({ x: x(point.x), y: y(point.high!) })),
      ...closed.toReversed().map((point) => ({ x: x(point.x), y: y(point.low!) })),
    ];
    if (edge.length > 2) out.push(element('path', { d: `${linePath(edge)}Z`, ...attributes }));
  };
  for (const zone of figure.zones) {
    const colour = seriesColour(palette, zone.colour);
    for (const run of stretchesOf(zone.points)) {
      band(run, { fill: colour, 'fill-opacity': 0.1, class: 'zone' });
      const points =
        run.length === 1
          ? [
              { x: x(run[0]!.x) - 5, y: y(run[0]!.value!) },
              { x: x(run[0]!.x) + 5, y: y(run[0]!.value!) },
            ]
          : run.map((point) => ({ x: x(point.x), y: y(point.value!) }));
      out.push(
        element('path', {
          d: linePath(points),
          stroke: colour,
          'stroke-width': 1.3,
          'stroke-dasharray': '1.5 3',
          fill: 'none',
          class: 'floor',
        }),
      );
    }
  }
  // Paper has no pointer: several intervals at one place are whiskers.
  const banded = bandedSeries(figure.series, null);
  for (const series of figure.series) {
    const colour = seriesColour(palette, series.colour);
    if (banded.includes(series))
      for (const run of stretchesOf(series.points)) band(run, { fill: colour, 'fill-opacity': 0.14, class: 'band' });
    else
      out.push(
        element('path', {
          d: series.points
            .flatMap(({ x: at, low, high }) =>
              low === null || high === null ? [] : [`M${r(x(at))} ${r(y(low))}V${r(y(high))}`],
            )
            .join(''),
          stroke: colour,
          'stroke-opacity': 0.6,
          fill: 'none',
          class: 'whiskers',
        }),
      );
    if (series.baseline !== null)
      out.push(
        element('path', {
          d: `M${plot.left} ${r(y(series.baseline.value))}H${plot.right}`,
          stroke: colour,
          'stroke-width': 1.3,
          'stroke-dasharray': '1.5 3',
          fill: 'none',
          class: 'baseline',
        }),
      );
  }
  for (const series of figure.series) {
    const colour = seriesColour(palette, series.colour);
    const points = series.points.map((point) =>
      point.value === null ? null : { x: x(point.x), y: y(point.value), hollow: point.hollow === true },
    );
    const marked = series.light !== true && points.length <= 140;
    out.push(
      element('path', {
        d: linePath(points),
        stroke: colour,
        'stroke-width': series.light === true ? 1.4 : 2,
        'stroke-dasharray': markOf(series.dash).dash.join(' ') || null,
        fill: 'none',
        class: 'line',
      }),
    );
    if (marked)
      out.push(
        element(
          'g',
          { class: 'points' },
          points
            .map((point) =>
              point === null
                ? ''
                : element('path', {
                    d: markerPath(markOf(series.marker).marker, point.x, point.y, 3.4),
                    fill: point.hollow ? palette.background : colour,
                    stroke: point.hollow ? colour : null,
                  }),
            )
            .join(''),
        ),
      );
  }
  return out.join('\n');
}

function r(value: number): number {
  return Math.round(value * 100) / 100;
}
