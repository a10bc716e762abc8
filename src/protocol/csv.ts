/** Results as CSV, in full precision: the same table from the panel and from the command line. */
import type {
  CompareResult,
  Spectrum,
  SpectrumResult,
  StageSummary,
  TensorResult,
  TensorSpectra,
} from './engineApi.js';

export type Cell = string | number | null | undefined;

/** RFC 4180, with a line feed. Text that a spreadsheet would run as a formula gets a leading quote: names come from files. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map(csvCell).join(',')).join('\n') + '\n';
}

function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const safe = /^[=+@\t\r-]/.test(cell) ? `'${cell}` : cell;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const DELTA_COLUMNS = ['fro', 'relative', 'cosine', 'maxAbs', 'changed', 'changedCount', 'floor', 'nonFinite'] as const;

/** One row per tensor: its place, what each stage stores, the figures of each update. */
export function tensorsCsv(result: CompareResult, tensors: readonly TensorResult[] = result.tensors): string {
  const head = [
    ...['name', 'section', 'layer', 'component', 'region', 'shape'],
    ...result.stages.flatMap(({ label }) => [`${label} on disk`, `${label} dtype`, `${label} norm`]),
    ...updateNames(result).flatMap((name) => DELTA_COLUMNS.map((column) => `${name} ${column}`)),
  ];
  const rows = tensors.map((tensor): Cell[] => [
    ...[tensor.name, tensor.section, tensor.layer, tensor.component, tensor.region, tensor.shape.join('x')],
    ...result.stages.flatMap((_, stage): Cell[] => [tensor.onDisk[stage], tensor.dtypes[stage], tensor.norms[stage]]),
    ...tensor.deltas.flatMap((delta) => DELTA_COLUMNS.map((column) => delta?.[column])),
  ]);
  return csv([head, ...rows]);
}

const AGGREGATE_COLUMNS = [
  'fro',
  'meanFro',
  'sumFro',
  'relative',
  'meanRelative',
  'cosine',
  'maxAbs',
  'changed',
  'floor',
  'nonFinite',
] as const;

/** One row per layer: the aggregate over its weights, per update. */
export function layersCsv(result: CompareResult): string {
  const head = [
    ...['section', 'layer', 'region', 'weights', 'tensors', 'parameters'],
    ...updateNames(result).flatMap((name) => AGGREGATE_COLUMNS.map((column) => `${name} ${column}`)),
  ];
  const rows = result.layers.map((layer): Cell[] => [
    ...[layer.section, layer.layer, layer.region, layer.weights, layer.tensors, layer.parameters],
    ...layer.deltas.flatMap((delta) => AGGREGATE_COLUMNS.map((column) => delta?.[column])),
  ]);
  return csv([head, ...rows]);
}

/** Columns of one spectrum. */
const SPECTRUM_COLUMNS: readonly (readonly [string, (spectrum: Spectrum) => Cell])[] = [
  ['mode', ({ mode }) => mode],
  ['fro', ({ fro }) => fro],
  ['spectral', ({ spectral }) => spectral],
  ['nuclear', ({ nuclear }) => nuclear],
  ['stableRank', ({ stableRank }) => stableRank],
  ['stableRank error', ({ error }) => error.stableRank],
  ['stableRank floor', ({ floor }) => floor.stableRank],
  ['stableRank corrected', ({ corrected }) => corrected?.stableRank],
  ['stableRank corrected low', ({ corrected }) => corrected?.stableRankLow],
  ['stableRank corrected high', ({ corrected }) => corrected?.stableRankHigh],
  ['uncorrected', ({ uncorrected }) => uncorrected],
  ['effectiveRank', ({ effectiveRank }) => effectiveRank],
  ['effectiveRank error', ({ error }) => error.effectiveRank],
  ['effectiveRank floor', ({ floor }) => floor.effectiveRank],
  ['conditionNumber', ({ conditionNumber }) => conditionNumber],
  ['logVolume', ({ logVolume }) => logVolume],
  ['rank', ({ rank }) => rank],
  ['top 1', ({ topEnergy }) => topEnergy['1']],
  ['top 4', ({ topEnergy }) => topEnergy['4']],
  ['top 16', ({ topEnergy }) => topEnergy['16']],
  ['top 50', ({ topEnergy }) => topEnergy['50']],
  ['floor', ({ floor }) => floor.fro],
  ['dominated', ({ dominated }) => dominated.join(' ')],
];

/** One row per matrix: its place, the figures of each update, what two neighbouring updates have in common. */
export function spectraCsv(result: SpectrumResult, tensors: readonly TensorSpectra[] = result.tensors): string {
  const updates = updateNames(result);
  const head = [
    ...['name', 'part', 'section', 'layer', 'component', 'region', 'rows', 'columns'],
    ...updates.flatMap((name) => [...SPECTRUM_COLUMNS.map(([column]) => `${name} ${column}`), `${name} skipped`]),
    ...updates
      .slice(1)
      .flatMap((name, index) =>
        ['left overlap', 'left chance', 'right overlap', 'right chance'].map(
          (column) => `${updates[index]!}, ${name} ${column}`,
        ),
      ),
  ];
  const rows = tensors.map((tensor): Cell[] => [
    ...[
      tensor.name,
      tensor.part,
      tensor.section,
      tensor.layer,
      tensor.component,
      tensor.region,
      tensor.rows,
      tensor.columns,
    ],
    ...tensor.spectra.flatMap((spectrum, pair) => [
      ...SPECTRUM_COLUMNS.map(([, value]) => spectrum && value(spectrum)),
      tensor.skipped[pair],
    ]),
    ...tensor.overlaps.flatMap((overlap) => [
      overlap?.leftOverlap,
      overlap?.leftChance,
      overlap?.rightOverlap,
      overlap?.rightChance,
    ]),
  ]);
  return csv([head, ...rows]);
}

function updateNames({ stages }: { stages: readonly StageSummary[] }): string[] {
  return stages.slice(1).map((stage, index) => `${stages[index]!.label} -> ${stage.label}`);
}
