/** Figures of lines as one drawing, two beside each other where there are several; drawn as on screen. No DOM. */
import { BasicPlatform, Chart } from 'chart.js';
import { behindLines, lineConfig } from '../figure/lineConfig.js';
import type { LineFigure } from '../figure/lines.js';
import { markerPath, markOf } from '../figure/marks.js';
import { seriesColourOf, type Theme } from '../theme.js';
import { PAPER } from './palette.js';
import { type Drawing, drawing, type DrawingText } from './drawing.js';
import { element, text, textWidth } from './svg.js';
import { asCanvas, SvgPen } from './svgPen.js';

const SIZE = { width: 760, height: 360 };
const HEAD = 44;
const FOOT = 30;
/** Between the edge of the drawing and what is drawn. */
const EDGE = 16;

export function linesSvg(
  figures: readonly LineFigure[],
  words: DrawingText,
  theme: Theme = PAPER,
  size = SIZE,
): Drawing {
  const columns = figures.length > 2 ? 2 : 1;
  const width = size.width * columns;
  const height = HEAD + size.height * Math.ceil(figures.length / columns) + FOOT;
  const out = [text({ x: EDGE, y: 28, 'font-size': 16, 'font-weight': 600, fill: theme.foreground }, words.title)];
  figures.forEach((figure, index) => {
    const shift = `translate(${(index % columns) * size.width} ${HEAD + Math.floor(index / columns) * size.height})`;
    out.push(element('g', { transform: shift }, figureMarkup(figure, index, figures.length > 1, theme, size)));
  });
  out.push(text({ x: EDGE, y: height - 10, 'font-size': 11, fill: theme.muted }, words.caption));
  return drawing({ width, height }, words, theme, out);
}

/** Its title where there are several, its legend, and below them the chart. */
function figureMarkup(figure: LineFigure, index: number, titled: boolean, theme: Theme, size: typeof SIZE): string {
  const heading = titled ? text({ x: EDGE, y: 16, 'font-weight': 600, fill: theme.foreground }, figure.title) : '';
  const row = titled ? 36 : 16;
  const top = row + 8;
  const chart = chartMarkup(figure, `figure-${index}-`, theme, size.width - 2 * EDGE, size.height - top - 6);
  return [
    heading,
    legendMarkup(figure, row, theme),
    element('g', { transform: `translate(${EDGE} ${top})` }, chart),
  ].join('\n');
}

/** What chart.js draws, with what is painted behind it, on a pen instead of a canvas. */
function chartMarkup(figure: LineFigure, ids: string, theme: Theme, width: number, height: number): string {
  const pen = new SvgPen(width, height, ids);
  const config = lineConfig(figure, theme, { width, narrow: false, axisWidth: 0 });
  const look = { current: null, whiskers: true, column: null };
  const chart = new Chart(asCanvas(pen), {
    ...config,
    options: { ...config.options, responsive: false },
    platform: BasicPlatform,
    plugins: [behindLines(() => ({ figure, theme, look }))],
  });
  const markup = pen.markup();
  chart.destroy();
  return markup;
}

function legendMarkup(figure: LineFigure, row: number, theme: Theme): string {
  const out: string[] = [];
  let at = EDGE;
  const sample = (stroke: string, width: number, dash: string) =>
    element('path', {
      d: `M${at} ${row - 4}h30`,
      stroke,
      'stroke-width': width,
      'stroke-dasharray': dash || null,
      fill: 'none',
    });
  for (const { name, colour, marker, dash, light, axis } of figure.series) {
    const own = seriesColourOf(theme, colour);
    const side = figure.axes.length > 1 ? `, ${figure.axes[axis ?? 0]!.side} axis` : '';
    out.push(sample(own, light === true ? 1.4 : 2, markOf(dash).dash.join(' ')));
    if (light !== true)
      out.push(element('path', { d: markerPath(markOf(marker).marker, at + 15, row - 4, 4), fill: own }));
    out.push(text({ x: at + 38, y: row, fill: theme.foreground }, `${name}${side}`));
    at += 60 + textWidth(`${name}${side}`);
  }
  if (figure.zones.length > 0) {
    const hollow = figure.series.some(({ points }) => points.some((point) => point.hollow === true));
    const words = `${figure.zoneName ?? 'noise'}${hollow && figure.hollowName !== undefined ? `; hollow: ${figure.hollowName}` : ''}`;
    out.push(sample(theme.muted, 1.3, '1.5 3'), text({ x: at + 38, y: row, fill: theme.muted }, words));
  }
  return out.join('\n');
}
