/** A heat map as a drawing for papers: drawn as on screen, with its scale beneath. No DOM. */
import type { HeatGrid } from '../heatmap/grid.js';
import { layoutHeat, paintHeat, type HeatStyle } from '../heatmap/paintHeat.js';
import type { Theme } from '../theme.js';
import { type Drawing, drawing, type DrawingText } from './drawing.js';
import { PAPER } from './palette.js';
import { element, text } from './svg.js';
import { asPen, SvgPen } from './svgPen.js';

export interface HeatLegend {
  label: string;
  format(value: number): string;
  /** What the mark in a cell means; near the rounding floor when left out. */
  noise?: string;
}

const EDGE = 16;
const HEAD = 44;
const FOOT = 84;
/** Width of a column, of all of them where there are many, and of the labels beside them. */
const COLUMN = { least: 10, most: 22, all: 820 };
const LABELS = 110;
/** Room for the notes beside the scale. */
const LEAST_WIDTH = 760;
const SCALE = { width: 200, height: 10, steps: 48 };

export function heatmapSvg(
  grid: HeatGrid,
  legend: HeatLegend,
  style: HeatStyle,
  words: DrawingText,
  theme: Theme = PAPER,
): Drawing {
  const columns = Math.max(1, grid.depths.length);
  const room = LABELS + columns * Math.max(COLUMN.least, Math.min(COLUMN.most, COLUMN.all / columns));
  const pen = new SvgPen(room, 0);
  const ctx = asPen(pen);
  const layout = layoutHeat(ctx, grid, style, theme, room);
  paintHeat(ctx, grid, layout, style, theme);
  const width = Math.max(room, LEAST_WIDTH) + 2 * EDGE;
  const height = HEAD + Math.round(layout.height) + FOOT;
  const left = EDGE + layout.gutter;
  const out = [
    text({ x: EDGE, y: 26, 'font-size': 16, 'font-weight': 600, fill: theme.foreground }, words.title),
    element('g', { transform: `translate(${EDGE} ${HEAD})` }, pen.markup()),
    scaleMarkup(grid, legend, style, theme, left, height - FOOT + 12),
    text({ x: EDGE, y: height - 10, 'font-size': 11, fill: theme.muted }, words.caption),
  ];
  return drawing({ width, height }, words, theme, out);
}

function scaleMarkup(
  grid: HeatGrid,
  legend: HeatLegend,
  style: HeatStyle,
  theme: Theme,
  left: number,
  top: number,
): string {
  const { range, noisy } = grid;
  if (range === null) return '';
  const step = SCALE.width / SCALE.steps;
  const bar = Array.from({ length: SCALE.steps }, (_, at) =>
    element('rect', {
      x: left + at * step,
      y: top,
      width: step + 0.5,
      height: SCALE.height,
      fill: theme.ramp.at(at / (SCALE.steps - 1)),
    }),
  );
  const mark =
    legend.noise ?? (style.noise === 'dot' ? 'dot: under 2× the rounding floor (filled: below it)' : 'hatched: noise');
  const notes = [
    `${legend.label}${style.log ? ', log scale' : ''}`,
    noisy === 'none' ? null : noisy === 'some' ? mark : 'all under 2× the rounding floor',
    range.zero ? 'dash: unchanged' : null,
  ].filter((note) => note !== null);
  const ends = { y: top + 24, fill: theme.foreground };
  return [
    element('g', {}, bar.join('')),
    text({ x: left, ...ends }, legend.format(range.min)),
    text({ x: left + SCALE.width, 'text-anchor': 'end', ...ends }, legend.format(range.max)),
    text({ x: left + SCALE.width + 16, y: top + 10, fill: theme.muted }, notes.join(' · ')),
  ].join('\n');
}
