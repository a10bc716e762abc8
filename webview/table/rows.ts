/** Which tensors the table shows, and in which order: indices into the result's tensors. No DOM. */
import type { TensorResult } from '../../src/protocol/engineApi.js';
import type { Part, SectionFilter } from '../state/view.js';
import type { Column } from './columns.js';

export interface Filter {
  query: string;
  regex: boolean;
  section: SectionFilter;
  component: Part;
  /** Only this depth; null for all. */
  depth: number | null;
}

/** Every index that passes, in the result's order; or a sentence when the regular expression is not one. */
export function filterRows(
  tensors: readonly TensorResult[],
  filter: Filter,
): { rows: Int32Array; error: string | null } {
  let matches: (name: string) => boolean = () => true;
  let error: string | null = null;
  if (filter.query !== '') {
    if (filter.regex) {
      try {
        const pattern = new RegExp(filter.query, 'i');
        matches = (name) => pattern.test(name);
      } catch (cause) {
        error = `Not a regular expression: ${cause instanceof Error ? cause.message.replace(/^Invalid regular expression: /, '') : String(cause)}`;
      }
    } else {
      // Words in any order: "layers.3. down" finds what one remembers of a name.
      const words = filter.query
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== '');
      matches = (name) => {
        const lower = name.toLowerCase();
        return words.every((word) => lower.includes(word));
      };
    }
  }
  const rows = new Int32Array(tensors.length);
  let count = 0;
  tensors.forEach((tensor, index) => {
    if (filter.depth !== null && tensor.depth !== filter.depth) return;
    if (filter.section !== 'all' && tensor.section !== filter.section) return;
    if (filter.component !== 'all' && tensor.component !== filter.component) return;
    if (!matches(tensor.name) && !tensor.onDisk.some((name) => name !== null && name !== tensor.name && matches(name)))
      return;
    rows[count++] = index;
  });
  return { rows: rows.slice(0, count), error };
}

/** Sorted by a column; without one, the result's own order (depth). Stable, nulls last in either direction. */
export function sortRows(
  tensors: readonly TensorResult[],
  rows: Int32Array,
  column: Column | null,
  descending: boolean,
): Int32Array {
  if (column === null) return rows;
  const direction = descending ? -1 : 1;
  if (!column.numeric) {
    const keys = tensors.map((tensor) => String(column.key(tensor) ?? ''));
    return rows.slice().sort((a, b) => direction * compareNames(keys[a]!, keys[b]!) || a - b);
  }
  const keys = new Float64Array(tensors.length);
  for (const row of rows) {
    const key = column.key(tensors[row]!);
    keys[row] = typeof key === 'number' ? key : NaN;
  }
  return rows.slice().sort((a, b) => {
    const x = keys[a]!;
    const y = keys[b]!;
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return direction * (x - y) || a - b;
  });
}

/** A click on a heading: numbers start with the largest, names with the first; the third click restores model order. */
export function nextSort(
  column: Pick<Column, 'id' | 'numeric' | 'delta'>,
  now: { sortColumn: string | null; descending: boolean },
): { sortColumn: string | null; descending: boolean } {
  if (now.sortColumn !== column.id)
    return { sortColumn: column.id, descending: column.numeric && column.delta !== null };
  const first = column.numeric && column.delta !== null;
  return now.descending === first
    ? { sortColumn: column.id, descending: !first }
    : { sortColumn: null, descending: true };
}

/** `layers.2` before `layers.10`. An Intl.Collator would do the same, 20 times slower on 30,000 names. */
export function compareNames(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(j);
    if (isDigit(x) && isDigit(y)) {
      let left = 0;
      while (i < a.length && isDigit(a.charCodeAt(i))) left = left * 10 + a.charCodeAt(i++) - 48;
      let right = 0;
      while (j < b.length && isDigit(b.charCodeAt(j))) right = right * 10 + b.charCodeAt(j++) - 48;
      if (left !== right) return left - right;
    } else if (x !== y) {
      return x - y;
    } else {
      i++;
      j++;
    }
  }
  return a.length - i - (b.length - j);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
