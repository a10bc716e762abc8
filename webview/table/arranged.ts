/** The table as it is filtered and sorted. No DOM. */
import type { TensorResult } from '../../src/protocol/engineApi.js';
import type { Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { buildColumns, type Column } from './columns.js';
import { filterRows, sortRows } from './rows.js';

export type Arrangement = Pick<
  ViewState,
  'query' | 'regex' | 'section' | 'component' | 'depth' | 'depthOnly' | 'sortColumn' | 'descending'
>;

/** Indices into the result's tensors; the sentence says why a regular expression is none. */
export function arrange(
  { result }: Model,
  view: Arrangement,
  columns: readonly Column[],
): { rows: Int32Array; error: string | null } {
  const { query, regex, section, component, depth, depthOnly, sortColumn, descending } = view;
  const filtered = filterRows(result.tensors, { query, regex, section, component, depth: depthOnly ? depth : null });
  const column = columns.find(({ id }) => id === sortColumn) ?? null;
  return { rows: sortRows(result.tensors, filtered.rows, column, descending), error: filtered.error };
}

/** The tensors in the order shown. */
export function arrangedTensors(model: Model, view: Arrangement): TensorResult[] {
  const all = model.deltas.map(({ index }) => index);
  const { rows } = arrange(model, view, buildColumns(model.deltas, all));
  return Array.from(rows, (row) => model.result.tensors[row]!);
}
