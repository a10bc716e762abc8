/** The table's columns: what each shows, how it sorts, and where its groups begin. No DOM. */
import type { Delta, TensorResult } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import type { DeltaName } from '../deltas.js';
import { formatCosine, formatNumber, formatShape, formatFraction, formatFloorRatio, NONE } from '../format.js';
import { layerLabel } from '../../src/protocol/layers.js';
import { whyMissing } from '../state/measure.js';

export type DeltaColumn = 'fro' | 'relative' | 'ratio' | 'changed' | 'cosine' | 'maxAbs';

export interface Column {
  /** `name`, `layer`, `shape`, or `0.fro`: delta and measure. Stable: remembered with the view. */
  id: string;
  label: string;
  help: string;
  /** The update it belongs to; null for what describes the tensor itself. */
  delta: number | null;
  numeric: boolean;
  /** Sort key. Null sorts last in either direction. */
  key(tensor: TensorResult): number | string | null;
  text(tensor: TensorResult): string;
  /** Why the text is a dash; empty when it is not. */
  why(tensor: TensorResult): string;
}

export const LAYER_HELP =
  'Counted from 0, as in tensor names: v0, v1, … in the vision tower, proj for the projector, 0, 1, ' +
  '… in the language model.';

const MEASURES: readonly { id: DeltaColumn; label: string; help: string; format(value: number | null): string }[] = [
  { id: 'fro', label: '‖Δ‖', help: 'Energy: Frobenius norm of the update.', format: formatNumber },
  {
    id: 'relative',
    label: 'relative',
    help: 'Norm of the update over the norm of the weights before it.',
    format: formatNumber,
  },
  {
    id: 'ratio',
    label: '× floor',
    help:
      'Norm of the update over what rounding to the stored dtype alone is expected to add. ' +
      'Under 2× the update is mostly rounding; = is unchanged, bit for bit.',
    format: formatFloorRatio,
  },
  { id: 'changed', label: 'changed', help: 'Fraction of elements whose stored value differs.', format: formatFraction },
  { id: 'cosine', label: 'cosine', help: 'Cosine between the weights before and after.', format: formatCosine },
  { id: 'maxAbs', label: 'max |Δ|', help: 'Largest change of a single element.', format: formatNumber },
];

/** `compact` leaves the shape out, for editor columns that are hardly wider than a name. */
export function buildColumns(deltas: readonly DeltaName[], shown: readonly number[], compact = false): Column[] {
  const none = () => '';
  const columns: Column[] = [
    {
      id: 'name',
      label: 'Tensor',
      help: 'Canonical name.',
      delta: null,
      numeric: false,
      key: (t) => t.name,
      text: (t) => t.name,
      why: none,
    },
    {
      id: 'layer',
      label: 'layer',
      help: LAYER_HELP,
      delta: null,
      numeric: true,
      key: (t) => t.depth,
      text: (t) => layerLabel(t) ?? NONE,
      why: (t) => (layerLabel(t) === null ? 'Outside the numbered layers.' : ''),
    },
    {
      id: 'shape',
      label: 'shape',
      help: 'Sorts by number of elements.',
      delta: null,
      numeric: true,
      key: (t) => t.shape.reduce((product, size) => product * size, 1),
      text: (t) => formatShape(t.shape),
      why: none,
    },
  ];
  if (compact) columns.pop();
  for (const index of shown) {
    const name = deltas[index];
    if (name === undefined) continue;
    for (const measure of MEASURES) {
      const value = (tensor: TensorResult) => measured(tensor.deltas[index], measure.id);
      columns.push({
        id: `${index}.${measure.id}`,
        label: measure.label,
        help: `${name.full}. ${measure.help}`,
        delta: index,
        numeric: true,
        key: value,
        text: (tensor) => measure.format(value(tensor)),
        why: (tensor) => (value(tensor) === null ? whyMissing(tensor, index, measure.id) : ''),
      });
    }
  }
  return columns;
}

function measured(delta: Delta | null | undefined, column: DeltaColumn): number | null {
  if (delta === null || delta === undefined) return null;
  return column === 'ratio' ? floorRatio(delta) : delta[column];
}

/** Columns as spans under one heading, in order: the tensor's own, then one span per update. */
export function columnGroups(columns: readonly Column[]): { delta: number | null; span: number }[] {
  const groups: { delta: number | null; span: number }[] = [];
  for (const column of columns) {
    const last = groups.at(-1);
    if (last !== undefined && last.delta === column.delta) last.span++;
    else groups.push({ delta: column.delta, span: 1 });
  }
  return groups;
}

export function startsGroup(columns: readonly Column[], index: number): boolean {
  return index > 0 && columns[index]!.delta !== columns[index - 1]!.delta;
}

/** Of a column after the name, in pixels. */
export function widthOf({ id }: Column): number {
  if (id === 'layer') return 54;
  if (id === 'shape') return 112;
  return id.endsWith('.cosine') ? 98 : id.endsWith('.changed') ? 84 : 76;
}
