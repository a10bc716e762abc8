/**
 * Walking a drawn figure: it is one tab stop; the pointer and the arrow keys move a cursor over its points, a tooltip
 * follows, Enter or a click chooses, Escape unwinds. What a point is, the figure says.
 */
import type { PanelContext } from '../context.js';
import type { ComponentChildren } from 'preact';

export interface WalkOptions<P> {
  stage: HTMLElement;
  /** The point under the pointer; null where there is none. */
  under(event: MouseEvent): P | null;
  /** Where a key leads from the cursor, which is null before the first step. Undefined for keys that move nothing. */
  step(key: string, cursor: P | null): P | null | undefined;
  same(a: P, b: P): boolean;
  /** Draws again: the cursor has moved. */
  repaint(): void;
  /** For figures that share the cursor. */
  moved?: ((to: P | null) => void) | undefined;
  /** Where in the viewport the tooltip of a point belongs that was not reached with the pointer. */
  location(point: P): { x: number; y: number };
  /** Null for a point that has nothing to say. */
  tooltip(point: P): ComponentChildren;
  /** The point as a sentence. */
  read(point: P): string;
  choose?: ((point: P) => void) | undefined;
  /** What Enter chooses without a cursor. */
  chosen?: (() => P | null) | undefined;
  /** Escape without a cursor: takes back what is chosen, and says whether there was anything. */
  unwind?: (() => boolean) | undefined;
  /** The pointer is used for something else just now. */
  busy?: ((event: PointerEvent) => boolean) | undefined;
}

export interface Walk<P> {
  cursor(): P | null;
  move(to: P | null, at?: { x: number; y: number }): void;
}

export function walkable<P>(context: PanelContext, options: WalkOptions<P>): Walk<P> {
  const { stage } = options;
  let cursor: P | null = null;

  function move(to: P | null, at?: { x: number; y: number }): void {
    const same = to === null ? cursor === null : cursor !== null && options.same(cursor, to);
    cursor = to;
    if (!same) options.repaint();
    if (!same) options.moved?.(to);
    const words = to === null ? null : options.tooltip(to);
    if (to === null || words === null) context.tooltip.hide();
    else context.tooltip.show(at ?? options.location(to), words);
  }

  stage.addEventListener('pointermove', (event) => {
    if (options.busy?.(event) === true) return;
    const point = options.under(event);
    stage.style.cursor = point !== null && options.choose !== undefined ? 'pointer' : 'default';
    move(point, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener('pointerleave', (event) => {
    if (options.busy?.(event) !== true) move(null);
  });
  stage.addEventListener('blur', () => move(null));
  stage.addEventListener('click', (event) => {
    const point = options.under(event);
    if (point !== null) options.choose?.(point);
  });
  stage.addEventListener('keydown', (event) => {
    const to = options.step(event.key, cursor);
    if (to !== undefined) {
      event.preventDefault();
      move(to);
      if (to !== null) context.announce(options.read(to));
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const point = cursor ?? options.chosen?.() ?? null;
      if (point !== null) options.choose?.(point);
    } else if (event.key === 'Escape') {
      if (cursor !== null) move(null);
      else if (options.unwind?.() !== true) return;
      event.preventDefault();
      event.stopPropagation();
    }
  });
  return { cursor: () => cursor, move };
}

/** Where a key leads among `count` places in a row, of which `at` is the one in hand (−1 before the first step). */
export function stepAlong(key: string, at: number, count: number): number | undefined {
  const to: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowLeft: at === -1 ? count - 1 : at - 1,
    PageDown: at + 5,
    PageUp: at - 5,
    Home: 0,
    End: count - 1,
  };
  const wanted = to[key];
  return wanted === undefined || count === 0 ? undefined : Math.max(0, Math.min(count - 1, wanted));
}

export interface Cell {
  row: number;
  column: number;
}

/** Where a key leads among cells. Without a cursor the first arrow shows where one stands, at `start`. */
export function stepCell(
  key: string,
  cursor: Cell | null,
  start: Cell,
  rows: number,
  columns: number,
): Cell | undefined {
  const at = cursor ?? start;
  const to: Record<string, Cell> = {
    ArrowRight: { row: at.row, column: at.column + 1 },
    ArrowLeft: { row: at.row, column: at.column - 1 },
    ArrowDown: { row: at.row + 1, column: at.column },
    ArrowUp: { row: at.row - 1, column: at.column },
    Home: { row: at.row, column: 0 },
    End: { row: at.row, column: columns - 1 },
  };
  const wanted = to[key];
  if (wanted === undefined || rows === 0 || columns === 0) return undefined;
  const next = cursor === null && key.startsWith('Arrow') ? at : wanted;
  return { row: Math.max(0, Math.min(rows - 1, next.row)), column: Math.max(0, Math.min(columns - 1, next.column)) };
}

export function sameCell(a: Cell, b: Cell): boolean {
  return a.row === b.row && a.column === b.column;
}
