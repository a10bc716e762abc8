/**
 * The body of the table as an ARIA grid. Only the rows in sight exist; they are reused on scroll, by hand: tens of
 * thousands of rows have to keep up with the wheel. One tab stop; arrows, Home, End, Page keys and Ctrl with them
 * move, Enter sorts a heading or opens a tensor.
 */
import type { TensorResult } from '../../src/protocol/engineApi.js';
import { h, setText } from '../dom.js';
import type { DeltaName } from '../deltas.js';
import { columnGroups, startsGroup, widthOf, type Column } from './columns.js';
import { fillRow, HEAD_ROWS, makeRow, ROW, type RowParts } from './gridRows.js';
import { scrollToShow, visibleSpan } from './virtual.js';

/** Rows drawn beyond either edge, so that a short scroll shows no blank. */
const SPARE = 8;

export interface GridShown {
  deltas: readonly DeltaName[];
  tensors: readonly TensorResult[];
  columns: readonly Column[];
  /** Indices into `tensors`. */
  rows: Int32Array;
  sortColumn: string | null;
  descending: boolean;
  tensor: string | null;
  depth: number | null;
}

export interface GridOptions {
  onSort(column: Column): void;
  /** `column`: the one the cursor is in. */
  onOpen(tensor: TensorResult, column: Column): void;
  /** Takes back what is chosen, and says whether there was anything. */
  onEscape(): boolean;
}

/** Row −1 is the heading row. */
interface Position {
  row: number;
  column: number;
}

export class Grid {
  private shown: GridShown | null = null;
  private pool: RowParts[] = [];
  private headings: HTMLElement[] = [];
  private stamp = 0;
  private active: Position = { row: -1, column: 0 };
  /** The focused cell was rebuilt: `draw` gives the focus to its successor. */
  private refocus = false;

  constructor(
    private readonly grid: HTMLElement,
    private readonly head: HTMLElement,
    private readonly body: HTMLElement,
    private readonly options: GridOptions,
  ) {
    grid.addEventListener('scroll', () => this.draw());
    grid.addEventListener('keydown', (event) => this.onKey(event));
    grid.addEventListener('focusin', (event) => {
      const heading = this.headings.indexOf(event.target as HTMLElement);
      if (heading !== -1) this.active = { row: -1, column: heading };
    });
  }

  get isFocused(): boolean {
    return this.grid.contains(document.activeElement);
  }

  show(next: GridShown): void {
    const before = this.shown;
    this.shown = next;
    if (before?.columns !== next.columns) this.buildHead();
    this.showSort();
    if (before?.rows !== next.rows || before.columns !== next.columns) this.arrange();
    this.stamp++;
    this.draw();
  }

  /** Scrolls to a tensor, if the filter lets it through. */
  reveal(name: string): void {
    const at = this.rowOf((tensor) => tensor.name === name);
    if (at === -1) return;
    this.active = { row: at, column: 0 };
    this.scrollTo(at);
  }

  revealDepth(depth: number): void {
    const at = this.rowOf((tensor) => tensor.depth === depth);
    if (at !== -1) this.scrollTo(at);
  }

  draw(): void {
    if (this.shown === null) return;
    const { grid, pool } = this;
    const { rows } = this.shown;
    const span = visibleSpan(grid.scrollTop, grid.clientHeight, ROW, rows.length, SPARE);
    // Never fewer than any scroll position needs: a pool that grows would move rows to other slots, and the focus with
    // them.
    const most = Math.min(rows.length, Math.ceil(grid.clientHeight / ROW) + 1 + 2 * SPARE);
    while (pool.length < most) this.addRow();
    // Row k always lives in slot k mod pool: a short scroll fills only the rows that came into sight, and focus stays
    // put.
    const used = new Set<RowParts>();
    for (let index = span.first; index < span.end; index++) {
      const parts = pool[index % pool.length]!;
      used.add(parts);
      this.fill(parts, index);
    }
    for (const parts of pool) {
      if (used.has(parts)) continue;
      parts.row.hidden = true;
      parts.index = -1;
    }
    const { active } = this;
    const rendered = active.row === -1 || (active.row >= span.first && active.row < span.end);
    this.headings.forEach((heading, column) => {
      heading.tabIndex = active.row === -1 && active.column === column ? 0 : -1;
    });
    // When the active cell is scrolled away, the grid itself stands in for it.
    grid.tabIndex = rendered ? -1 : 0;
    if (!this.refocus) return;
    this.refocus = false;
    (this.cellOf(active) ?? grid).focus({ preventScroll: true });
  }

  private fill(parts: RowParts, index: number): void {
    const { tensors, rows, columns, tensor, depth } = this.shown!;
    parts.cells.forEach((cell, at) => {
      cell.tabIndex = this.active.row === index && this.active.column === at ? 0 : -1;
    });
    if (parts.index === index && parts.stamp === this.stamp) return;
    parts.stamp = this.stamp;
    fillRow(parts, index, tensors[rows[index]!]!, columns, { tensor, depth });
  }

  private addRow(): void {
    const parts = makeRow(this.shown!.columns, ({ index }, column) => {
      if (index < 0) return;
      this.activate({ row: index, column });
      this.open(index);
    });
    this.pool.push(parts);
    this.body.append(parts.row);
  }

  private buildHead(): void {
    const { columns, deltas } = this.shown!;
    this.refocus ||= this.isFocused;
    // Rows are separate grids: only widths that do not depend on their content keep the columns in line.
    const widths = columns.slice(1).map(widthOf);
    const sum = widths.reduce((total, width) => total + width, 0);
    const { style } = this.grid;
    style.setProperty('--columns', `minmax(var(--name-width), 1fr) ${widths.map((width) => `${width}px`).join(' ')}`);
    style.setProperty('--grid-width', `calc(var(--name-width) + ${sum}px)`);
    this.grid.setAttribute('aria-colcount', String(columns.length));
    this.headings = columns.map((column, index) => this.heading(column, index));
    this.head.replaceChildren(
      h('div', { role: 'row', class: 'row groups', 'aria-rowindex': 1 }, ...groupsOf(columns, deltas)),
      h('div', { role: 'row', class: 'row headings', 'aria-rowindex': 2 }, ...this.headings),
    );
    this.pool = [];
    this.body.replaceChildren();
    this.active.column = Math.min(this.active.column, columns.length - 1);
  }

  private heading(column: Column, index: number): HTMLElement {
    const { columns } = this.shown!;
    const cell = h(
      'div',
      {
        role: 'columnheader',
        class: `heading ${column.numeric ? 'numeric' : 'name'} ${startsGroup(columns, index) ? 'starts' : ''}`,
        'aria-colindex': index + 1,
        title: column.help,
        'data-column': column.id,
        tabindex: -1,
      },
      h('span', {}, column.label),
      h('span', { class: 'sort', 'aria-hidden': 'true' }),
    );
    cell.addEventListener('click', () => {
      this.active = { row: -1, column: index };
      this.options.onSort(column);
    });
    return cell;
  }

  private showSort(): void {
    const { columns, sortColumn, descending } = this.shown!;
    this.headings.forEach((heading, index) => {
      const sorted = sortColumn === columns[index]!.id;
      heading.setAttribute('aria-sort', sorted ? (descending ? 'descending' : 'ascending') : 'none');
      heading.classList.toggle('sorted', sorted);
      setText(heading.querySelector('.sort')!, sorted ? (descending ? '▼' : '▲') : '');
    });
  }

  private arrange(): void {
    const { rows } = this.shown!;
    this.body.style.height = `${rows.length * ROW}px`;
    this.grid.setAttribute('aria-rowcount', String(rows.length + HEAD_ROWS));
    if (this.active.row >= rows.length) this.active.row = rows.length - 1;
    this.grid.scrollTop = Math.min(this.grid.scrollTop, Math.max(0, rows.length * ROW - this.viewport()));
  }

  private viewport(): number {
    return this.grid.clientHeight - this.head.offsetHeight;
  }

  private cellOf(at: Position): HTMLElement | undefined {
    if (at.row === -1) return this.headings[at.column];
    const parts = this.pool[at.row % Math.max(1, this.pool.length)];
    return parts?.index === at.row ? parts.cells[at.column] : undefined;
  }

  private rowOf(is: (tensor: TensorResult) => boolean): number {
    const { rows, tensors } = this.shown!;
    return rows.findIndex((row) => is(tensors[row]!));
  }

  private scrollTo(row: number): void {
    this.grid.scrollTop = scrollToShow(row, this.grid.scrollTop, this.viewport(), ROW);
    this.draw();
  }

  private activate(next: Position): void {
    const { rows, columns } = this.shown!;
    this.active = {
      row: Math.max(-1, Math.min(rows.length - 1, next.row)),
      column: Math.max(0, Math.min(columns.length - 1, next.column)),
    };
    if (this.active.row >= 0) this.scrollTo(this.active.row);
    else this.draw();
    const cell = this.cellOf(this.active);
    cell?.focus({ preventScroll: true });
    if (cell === undefined || this.active.column === 0) return;
    const { grid } = this;
    const left = this.headings[0]!.offsetWidth;
    const right = cell.offsetLeft + cell.offsetWidth;
    if (cell.offsetLeft - grid.scrollLeft < left) grid.scrollLeft = cell.offsetLeft - left;
    else if (right > grid.scrollLeft + grid.clientWidth) grid.scrollLeft = right - grid.clientWidth;
  }

  private open(index: number): void {
    const { tensors, rows, columns } = this.shown!;
    const tensor = tensors[rows[index]!];
    if (tensor !== undefined) this.options.onOpen(tensor, columns[this.active.column]!);
  }

  private onKey(event: KeyboardEvent): void {
    const next = this.stepFrom(event);
    if (next !== undefined) this.activate(next);
    else if (event.key === 'Enter' || event.key === ' ') {
      if (this.active.row === -1) this.options.onSort(this.shown!.columns[this.active.column]!);
      else this.open(this.active.row);
    } else if (event.key === 'Escape' && this.options.onEscape()) event.stopPropagation();
    else return;
    event.preventDefault();
  }

  private stepFrom(event: KeyboardEvent): Position | undefined {
    const { rows, columns } = this.shown!;
    const { row, column } = this.active;
    const page = Math.max(1, Math.floor(this.viewport() / ROW) - 1);
    const control = event.ctrlKey || event.metaKey;
    const last = { row: rows.length - 1, column: columns.length - 1 };
    const moves: Record<string, Position> = {
      ArrowDown: { row: row + 1, column },
      ArrowUp: { row: row - 1, column },
      ArrowRight: { row, column: column + 1 },
      ArrowLeft: { row, column: column - 1 },
      PageDown: { row: row + page, column },
      PageUp: { row: Math.max(0, row - page), column },
      Home: control ? { row: 0, column: 0 } : { row, column: 0 },
      End: control ? last : { row, column: last.column },
    };
    return moves[event.key];
  }
}

function groupsOf(columns: readonly Column[], deltas: readonly DeltaName[]): HTMLElement[] {
  let at = 1;
  return columnGroups(columns).map(({ delta, span }) => {
    const cell = h(
      'div',
      {
        role: 'columnheader',
        class: delta === null ? 'group group-own' : `group group-delta series-${delta % 4}`,
        'aria-colindex': at,
        'aria-colspan': span,
        style: { 'grid-column': `span ${span}` },
      },
      delta === null ? null : h('span', {}, deltas[delta]?.full ?? ''),
    );
    at += span;
    return cell;
  });
}
