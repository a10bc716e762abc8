/** The rows of the grid that exist: made once, and filled anew as they come into sight. */
import type { TensorResult } from '../../src/protocol/engineApi.js';
import { h, setText } from '../dom.js';
import { floorLevel } from '../state/measure.js';
import { startsGroup, type Column } from './columns.js';
import { splitName } from './names.js';

/** Pixels. */
export const ROW = 24;
/** Header rows count in aria-rowindex: groups, then columns. */
export const HEAD_ROWS = 2;

export interface RowParts {
  row: HTMLElement;
  cells: HTMLElement[];
  prefix: HTMLElement;
  tail: HTMLElement;
  index: number;
  /** Which arrangement its text was written for. */
  stamp: number;
}

export function makeRow(columns: readonly Column[], onClick: (parts: RowParts, column: number) => void): RowParts {
  const prefix = h('span', { class: 'name-prefix' });
  const tail = h('span', { class: 'name-tail' });
  const cells = columns.map((column, index) =>
    h(
      'div',
      {
        role: index === 0 ? 'rowheader' : 'gridcell',
        class: `cell ${column.numeric ? 'numeric' : 'name'} ${startsGroup(columns, index) ? 'starts' : ''}`,
        'aria-colindex': index + 1,
        tabindex: -1,
      },
      ...(index === 0 ? [prefix, tail] : []),
    ),
  );
  const row = h('div', { role: 'row', class: 'row' }, ...cells);
  const parts: RowParts = { row, cells, prefix, tail, index: -1, stamp: -1 };
  cells.forEach((cell, column) => cell.addEventListener('click', () => onClick(parts, column)));
  return parts;
}

export function fillRow(
  parts: RowParts,
  index: number,
  tensor: TensorResult,
  columns: readonly Column[],
  chosen: { tensor: string | null; depth: number | null },
): void {
  const { row, cells } = parts;
  parts.index = index;
  row.hidden = false;
  row.style.transform = `translateY(${index * ROW}px)`;
  row.setAttribute('aria-rowindex', String(index + 1 + HEAD_ROWS));
  row.setAttribute('aria-selected', String(chosen.tensor === tensor.name));
  row.dataset['tensor'] = tensor.name;
  row.classList.toggle('same-depth', chosen.depth !== null && tensor.depth === chosen.depth);
  row.classList.toggle('odd', index % 2 === 1);
  const [prefix, tail] = splitName(tensor);
  setText(parts.prefix, prefix);
  setText(parts.tail, tail);
  cells.forEach((cell, at) => {
    if (at === 0) cell.title = titleOf(tensor);
    else fillCell(cell, columns[at]!, tensor);
  });
}

function fillCell(cell: HTMLElement, column: Column, tensor: TensorResult): void {
  setText(cell, column.text(tensor));
  cell.title = column.why(tensor);
  if (column.delta === null) return;
  const level = floorLevel(tensor.deltas[column.delta]);
  const isNoisy = (level === 'below' || level === 'near') && /ratio|fro|relative/.test(column.id);
  cell.classList.toggle('noisy', isNoisy);
}

function titleOf({ name, onDisk }: TensorResult): string {
  return onDisk.some((own) => own !== null && own !== name)
    ? `${name}\non disk: ${onDisk.map((own) => own ?? '(absent)').join(', ')}`
    : name;
}
