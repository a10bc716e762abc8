/** A heat map on screen: a canvas with one tab stop; arrows move a cell cursor, Enter selects, Escape unwinds. */
import type { PanelContext } from '../context.js';
import type { ComponentChildren } from 'preact';
import type { Linked } from '../figure/linked.js';
import { sameCell, stepCell, walkable, type Cell, type Walk } from '../figure/walk.js';
import type { HeatGrid } from './grid.js';
import { layoutHeat, paintHeat, type HeatLayout, type HeatStyle } from './paintHeat.js';

export interface HeatChartOptions {
  tooltip(at: Cell): ComponentChildren;
  /** A cell as a sentence. */
  read(at: Cell): string;
  choose(at: Cell): void;
  /** Takes back what is chosen, and says whether there was anything. */
  unwind(): boolean;
  /** How many rows the page keys move by. */
  page?: number | undefined;
  /** Cells without a value can be pointed at too. */
  blank?: boolean | undefined;
  /** Its rows are places of a cursor that other figures have too. */
  rows?: LinkedRows | undefined;
}

export interface LinkedRows {
  linked: Linked;
  /** The row of a place on the shared axis; −1 for none. */
  rowAt(at: number): number;
  placeOf(row: number): number;
}

export interface HeatShown {
  grid: HeatGrid;
  style: HeatStyle;
  /** The map in a sentence, with what the keys do. */
  description: string;
  /** A column that is selected, a cell that is. */
  column: number | null;
  cell: Cell | null;
}

export interface HeatChart {
  show(shown: HeatShown): void;
  dispose(): void;
}

/** Draws into `canvas` within `stage`, and the colours' scale into `bar`. */
export function createHeatChart(
  context: PanelContext,
  { stage, canvas, bar }: { stage: HTMLElement; canvas: HTMLCanvasElement; bar: HTMLCanvasElement },
  options: HeatChartOptions,
): HeatChart {
  let shown: HeatShown | null = null;
  let layout: HeatLayout | null = null;

  function draw(): void {
    if (shown === null || stage.clientWidth === 0) return;
    const theme = context.theme.now();
    const ctx = canvas.getContext('2d')!;
    const { grid, style, column, cell } = shown;
    layout = layoutHeat(ctx, grid, style, theme, stage.clientWidth);
    canvas.width = Math.round(layout.width * devicePixelRatio);
    canvas.height = Math.round(layout.height * devicePixelRatio);
    canvas.style.height = `${layout.height}px`;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const cursor = walk.cursor();
    const far = cursor === null ? farRow() : -1;
    if (column !== null) {
      ctx.strokeStyle = theme.focus;
      ctx.lineWidth = 1.5;
      ctx.strokeRect(layout.x(column) - 1, layout.top - 3, layout.cell + 1, layout.bottom - layout.top + 4);
    }
    paintHeat(ctx, grid, layout, style, theme, (row) => cursor?.row === row || cell?.row === row || far === row);
    if (layout.tops[far] !== undefined) outlineRow(ctx, layout, far, grid.depths.length, theme.foreground);
    if (cell !== null) outline(ctx, layout, cell, theme.focus);
    if (cursor !== null) outline(ctx, layout, cursor, theme.foreground);
    const ramp = bar.getContext('2d')!;
    for (let at = 0; at < bar.width; at++) {
      ramp.fillStyle = theme.ramp.at(at / (bar.width - 1));
      ramp.fillRect(at, 0, 1, bar.height);
    }
  }

  /** Where the cursor stands in another figure. */
  function farRow(): number {
    const at = options.rows?.linked.at() ?? null;
    return at === null ? -1 : options.rows!.rowAt(at);
  }
  const stopLink = options.rows?.linked.onMove(draw);

  const walk: Walk<Cell> = walkable<Cell>(context, {
    stage,
    under(event) {
      if (shown === null || layout === null) return null;
      const box = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left - layout.gutter) / layout.cell);
      const y = event.clientY - box.top;
      const row = layout.tops.findIndex((top) => y >= top && y < top + layout!.row);
      const isBlank = (shown.grid.rows[row]?.cells[column] ?? null) === null;
      const isInside = row >= 0 && column >= 0 && column < shown.grid.depths.length;
      return isInside && (options.blank === true || !isBlank) ? { row, column } : null;
    },
    step(key, cursor) {
      if (shown === null) return undefined;
      const { grid, column, cell } = shown;
      const rows = grid.rows.length;
      const by = { PageDown: options.page, PageUp: -(options.page ?? 0) }[key];
      if (by !== undefined && options.page !== undefined) {
        const at = cursor ?? { row: 0, column: 0 };
        return { row: Math.max(0, Math.min(rows - 1, at.row + by)), column: at.column };
      }
      const start = { row: cell?.row ?? 0, column: Math.max(0, cell?.column ?? column ?? 0) };
      return stepCell(key, cursor, start, rows, grid.depths.length);
    },
    same: sameCell,
    repaint: draw,
    moved: (to) => options.rows?.linked.set(to === null ? null : options.rows.placeOf(to.row)),
    location(at) {
      const box = canvas.getBoundingClientRect();
      if (layout === null) return { x: box.left, y: box.top };
      return { x: box.left + layout.x(at.column + 1), y: box.top + layout.tops[at.row]! + layout.row };
    },
    tooltip: (at) => options.tooltip(at),
    read: (at) => options.read(at),
    choose: (at) => options.choose(at),
    unwind: () => options.unwind(),
  });

  const observer = new ResizeObserver(draw);
  observer.observe(stage);
  const stopTheme = context.theme.onChange(draw);
  return {
    show(next) {
      if (shown !== null && shown.grid !== next.grid) walk.move(null);
      shown = next;
      stage.setAttribute('aria-label', next.description);
      draw();
    },
    dispose() {
      observer.disconnect();
      stopTheme();
      stopLink?.();
    },
  };
}

function outlineRow(
  ctx: CanvasRenderingContext2D,
  layout: HeatLayout,
  row: number,
  columns: number,
  colour: string,
): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash([3, 3]);
  const left = layout.x(0);
  ctx.strokeRect(left - 0.5, layout.tops[row]! - 0.5, layout.x(columns - 1) + layout.cell - left + 1, layout.row + 1);
  ctx.setLineDash([]);
}

function outline(ctx: CanvasRenderingContext2D, layout: HeatLayout, { row, column }: Cell, colour: string): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.strokeRect(layout.x(column), layout.tops[row]! - 0.5, layout.cell, layout.row + 1);
}
