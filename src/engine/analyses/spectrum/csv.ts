/** Spectra as CSV: the same table from the panel and from the command line. */
import { type Cell, csv } from '../../report/csv.js';
import { updateNames } from '../compare/csv.js';
import type { Spectrum, SpectrumResult, TensorSpectra } from './result.js';

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
