/**
 * A heat map as it is drawn, on screen and in exports: rows of cells with their labels, parts of the model below. No
 * DOM.
 */
import { hatch, fitted, named, strokeLine, type Pen } from '../figure/pen.js';
import { drawSections, SECTION_ROW } from '../figure/sections.js';
import type { Theme } from '../theme.js';
import { luminance, parseColour, withAlpha } from './colour.js';
import { fractionOf, type HeatGrid, type HeatMark } from './grid.js';

export interface HeatStyle {
  /** Colours follow the logarithm. */
  log: boolean;
  /** Height of a row in pixels: so that all of them are about `wanted` high together. */
  rows: { least: number; most: number; wanted: number };
  /** How a cell near the rounding floor is marked. */
  noise: 'dot' | 'hatch';
}

/** Where everything is, in pixels. */
export interface HeatLayout {
  width: number;
  height: number;
  /** Left of the cells: labels. */
  gutter: number;
  cell: number;
  row: number;
  tops: number[];
  top: number;
  bottom: number;
  x: (column: number) => number;
}

const TOP = 6;
const AXIS = 22;
const GROUP_GAP = 5;
const FONT_SIZE = 11;

export function layoutHeat(ctx: Pen, grid: HeatGrid, style: HeatStyle, theme: Theme, width: number): HeatLayout {
  ctx.font = `${FONT_SIZE}px ${theme.font}`;
  const widest = Math.max(20, ...grid.rows.map(({ label }) => ctx.measureText(label).width));
  const gutter = Math.min(Math.ceil(widest), width * 0.36) + 10;
  const cell = Math.max(2, (width - gutter - 4) / Math.max(1, grid.depths.length));
  const { least, most, wanted } = style.rows;
  const row = Math.max(least, Math.min(most, Math.floor(wanted / Math.max(1, grid.rows.length))));
  let next = TOP;
  const tops = grid.rows.map(({ group }, index) => {
    if (index > 0 && grid.rows[index - 1]!.group !== group) next += GROUP_GAP;
    const own = next;
    next += row;
    return own;
  });
  const height = next + AXIS + (grid.sections.length > 0 ? SECTION_ROW : 0);
  return { width, height, gutter, cell, row, tops, top: TOP, bottom: next, x: (column) => gutter + column * cell };
}

/** @param strong rows whose labels stand out */
export function paintHeat(
  ctx: Pen,
  grid: HeatGrid,
  layout: HeatLayout,
  style: HeatStyle,
  theme: Theme,
  strong: (row: number) => boolean = () => false,
): void {
  ctx.font = `${FONT_SIZE}px ${theme.font}`;
  ctx.textBaseline = 'middle';
  const painter = cellPainter(ctx, grid, layout, style, theme);
  grid.rows.forEach((row, index) => {
    ctx.fillStyle = strong(index) ? theme.foreground : theme.muted;
    ctx.textAlign = 'right';
    const middle = layout.tops[index]! + layout.row / 2;
    if (row.label !== '') ctx.fillText(fitted(ctx, row.label, layout.gutter - 10), layout.gutter - 7, middle);
    named(
      ctx,
      'cells',
      () => row.cells.forEach((cell, column) => cell !== null && painter(cell, column, layout.tops[index]!)),
      true,
    );
  });
  paintColumns(ctx, grid, layout, theme);
}

function cellPainter(
  ctx: Pen,
  grid: HeatGrid,
  { x, cell: width, row: height }: HeatLayout,
  style: HeatStyle,
  theme: Theme,
): (cell: HeatMark, column: number, top: number) => void {
  const gap = width < 6 ? 0 : height >= 10 ? 1 : 0.5;
  const across = height >= 10 ? 1 : 0;
  // Ink against either end of the ramp.
  const ink = style.noise === 'hatch' ? { dark: hatch(ctx, '#000000', 0.5), light: hatch(ctx, '#ffffff', 0.5) } : null;
  return (cell, column, top) => {
    const left = x(column);
    if (cell.value === null || cell.value === 0 || grid.range === null) {
      ctx.strokeStyle = withAlpha(theme.foreground, theme.kind.startsWith('high') ? 0.9 : 0.45);
      ctx.lineWidth = 1;
      // A dash for "unchanged", a stroke across for "not compared": neither looks like a small value.
      const lean = cell.value === null ? height / 2 - 3 : 0;
      strokeLine(ctx, left + gap, top + height / 2 + lean, left + width - gap, top + height / 2 - lean);
      return;
    }
    const colour = theme.ramp.at(fractionOf(grid.range, cell.value, style.log));
    const box = [left + gap / 2, top + across / 2, width - gap, height - across] as const;
    ctx.fillStyle = colour;
    ctx.fillRect(...box);
    const isNoisy = grid.noisy === 'some' && (cell.level === 'below' || cell.level === 'near');
    if (!isNoisy) return;
    const isPale = luminance(parseColour(colour) ?? [0, 0, 0]) > (ink === null ? 0.3 : 0.25);
    if (ink !== null) {
      ctx.fillStyle = withAlpha(theme.background, 0.45);
      ctx.fillRect(...box);
      ctx.fillStyle = isPale ? ink.dark : ink.light;
      ctx.fillRect(...box);
    } else if (width >= 4) {
      ctx.fillStyle = ctx.strokeStyle = isPale ? 'rgba(0, 0, 0, 0.75)' : 'rgba(255, 255, 255, 0.75)';
      ctx.beginPath();
      ctx.arc(left + width / 2, top + height / 2, width >= 8 ? 1.8 : 1.2, 0, 2 * Math.PI);
      ctx.lineWidth = 0.9;
      if (cell.level === 'below') ctx.fill();
      else ctx.stroke();
    }
  };
}

function paintColumns(ctx: Pen, grid: HeatGrid, { x, cell, top, bottom }: HeatLayout, theme: Theme): void {
  const border = (column: number, alpha: number, dash: number[]) => {
    const at = Math.round(x(column)) + 0.5;
    ctx.strokeStyle = withAlpha(theme.foreground, alpha);
    ctx.lineWidth = 1;
    ctx.setLineDash(dash);
    strokeLine(ctx, at, top - 4, at, bottom + 3);
    ctx.setLineDash([]);
  };
  for (const column of grid.breaks) border(column, 0.55, []);
  for (const column of grid.cuts ?? []) border(column, 0.85, [4, 3]);
  ctx.fillStyle = theme.muted;
  ctx.textAlign = 'center';
  for (const { column, label } of grid.ticks(Math.max(3, Math.floor((cell * grid.depths.length) / 40))))
    ctx.fillText(label, x(column + 0.5), bottom + 11);
  drawSections(ctx, theme, grid.sections, x, bottom + 21);
}
