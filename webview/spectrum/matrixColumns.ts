/** The columns of the table of matrices: what each shows, how it sorts. No DOM. */
import type { Spectrum, TensorSpectra } from '../../src/protocol/engineApi.js';
import { formatNumber, formatTimes, NONE } from '../format.js';
import { layerLabel } from '../../src/protocol/layers.js';
import { LAYER_HELP } from '../table/columns.js';
import { compareNames } from '../table/rows.js';
import { whyUncorrected } from './measure.js';
import { keyOf, type SpectrumModel } from './model.js';

export interface MatrixColumn {
  /** `matrix`, `layer`, `shape`, `0.stableRank`, `0.overlap`: stable, remembered with the view. */
  id: string;
  label: string;
  help: string;
  /** The update it belongs to; null for what describes the matrix itself. */
  delta: number | null;
  numeric: boolean;
  /** Sort key. Null sorts last in either direction. */
  key(tensor: TensorSpectra): number | string | null;
  text(tensor: TensorSpectra): string;
  /** Why the text is a dash, or is not to be trusted; empty otherwise. */
  why(tensor: TensorSpectra): string;
  /** The floor says more about the number than training does. */
  noisy(tensor: TensorSpectra): boolean;
}

interface Measure {
  id: string;
  label: string;
  help: string;
  flag: Spectrum['dominated'][number] | null;
  value(spectrum: Spectrum): number | null;
  format: (value: number | null) => string;
}

const MEASURES: readonly Measure[] = [
  {
    id: 'spectral',
    label: 'σ₁',
    help: 'The largest singular value.',
    flag: 'spectral',
    value: ({ spectral }) => spectral,
    format: formatNumber,
  },
  {
    id: 'ratio',
    label: '× floor',
    help: 'σ₁ over the largest singular value that rounding alone would give.',
    flag: null,
    value: ({ spectral, floor }) => (floor.spectral > 0 ? spectral / floor.spectral : null),
    format: formatTimes,
  },
  {
    id: 'stableRank',
    label: 'stable rank',
    help: '‖Δ‖² over σ₁².',
    flag: 'stableRank',
    value: ({ stableRank }) => stableRank,
    format: formatNumber,
  },
  {
    id: 'corrected',
    label: 'corrected',
    help: 'Floor-corrected stable rank: the energy of the rounding floor is subtracted.',
    flag: null,
    value: ({ corrected }) => corrected?.stableRank ?? null,
    format: formatNumber,
  },
  {
    id: 'effectiveRank',
    label: 'eff. rank',
    help: 'exp of the entropy of the singular values.',
    flag: 'effectiveRank',
    value: ({ effectiveRank }) => effectiveRank,
    format: formatNumber,
  },
];

/** `compact` leaves out what describes the matrix, for editor columns that are hardly wider than a name. */
export function matrixColumns(model: SpectrumModel, shown: readonly number[], compact = false): MatrixColumn[] {
  const none = () => '';
  const clear = () => false;
  const columns: MatrixColumn[] = [
    {
      id: 'matrix',
      label: 'Matrix',
      help: 'Canonical name, and which part of a fused tensor.',
      delta: null,
      numeric: false,
      key: keyOf,
      text: keyOf,
      why: none,
      noisy: clear,
    },
    {
      id: 'layer',
      label: 'layer',
      help: LAYER_HELP,
      delta: null,
      numeric: true,
      key: ({ depth }) => depth,
      text: (tensor) => layerLabel(tensor) ?? NONE,
      why: (tensor) => (layerLabel(tensor) === null ? 'Outside the numbered layers.' : ''),
      noisy: clear,
    },
    {
      id: 'shape',
      label: 'shape',
      help: 'Rows (outputs) × columns (inputs). Sorts by number of elements.',
      delta: null,
      numeric: true,
      key: ({ rows, columns: width }) => rows * width,
      text: ({ rows, columns: width }) => `${rows} × ${width}`,
      why: none,
      noisy: clear,
    },
  ];
  if (compact) columns.splice(1);
  for (const index of shown) {
    const name = model.deltas[index];
    if (name === undefined) continue;
    for (const measure of MEASURES) {
      const value = (tensor: TensorSpectra) => {
        const spectrum = tensor.spectra[index] ?? null;
        return spectrum === null ? null : measure.value(spectrum);
      };
      const noisy = (tensor: TensorSpectra) =>
        measure.flag !== null && tensor.spectra[index]?.dominated.includes(measure.flag) === true;
      columns.push({
        id: `${index}.${measure.id}`,
        label: measure.label,
        help: `${name.full}. ${measure.help}`,
        delta: index,
        numeric: true,
        key: value,
        text: (tensor) => measure.format(value(tensor)),
        why(tensor) {
          if (noisy(tensor)) return 'Explained by the rounding floor.';
          if (value(tensor) !== null) return '';
          return tensor.spectra[index] === null
            ? (tensor.skipped[index] ?? 'This update could not be computed.')
            : whyNone(measure.id, tensor.spectra[index]!);
        },
        noisy,
      });
    }
    if (index + 1 < model.deltas.length && shown.includes(index + 1)) {
      const overlap = (tensor: TensorSpectra) => tensor.overlaps[index] ?? null;
      columns.push({
        id: `${index}.overlap`,
        label: 'overlap',
        help:
          `Mean squared cosine between the strongest directions of ${name.short} and ` +
          `${model.deltas[index + 1]!.short}, outputs and inputs averaged.`,
        delta: index,
        numeric: true,
        key: (tensor) => meanOverlap(overlap(tensor)),
        text: (tensor) => formatNumber(meanOverlap(overlap(tensor))),
        why: (tensor) =>
          overlap(tensor) === null
            ? 'Needs two updates of this matrix.'
            : `Random baseline: ${formatNumber((overlap(tensor)!.leftChance + overlap(tensor)!.rightChance) / 2)}.`,
        noisy: clear,
      });
    }
  }
  return columns;
}

function whyNone(measure: string, spectrum: Spectrum): string {
  if (measure === 'corrected') return whyUncorrected(spectrum);
  if (measure === 'ratio') return 'This dtype has no rounding floor.';
  return 'The update is zero.';
}

function meanOverlap(overlap: { leftOverlap: number; rightOverlap: number } | null): number | null {
  return overlap === null ? null : (overlap.leftOverlap + overlap.rightOverlap) / 2;
}

/**
 * Names hold all words of `query`, in any order; a depth is the chosen one. Sorted by a column, or in the result's
 * order.
 */
export function arrange(
  tensors: readonly TensorSpectra[],
  filter: { query: string; depth: number | null; part: string },
  column: MatrixColumn | null,
  descending: boolean,
): TensorSpectra[] {
  const words = filter.query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const shown = tensors.filter((tensor) => {
    if (filter.depth !== null && tensor.depth !== filter.depth) return false;
    if (filter.part !== 'all' && tensor.component !== filter.part) return false;
    const name = keyOf(tensor).toLowerCase();
    return words.every((word) => name.includes(word));
  });
  if (column === null) return shown;
  const direction = descending ? -1 : 1;
  const keys = new Map(shown.map((tensor) => [tensor, column.key(tensor)]));
  return shown.sort((a, b) => {
    const [x, y] = [keys.get(a)!, keys.get(b)!];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return direction * (typeof x === 'number' && typeof y === 'number' ? x - y : compareNames(String(x), String(y)));
  });
}
