/** Spectra for people: stages, a table of layers, a summary of regions. */
import type { SpectrumPlan } from './request.js';
import type { LayerSpectra, MetricName, SpectraAggregate, SpectrumResult, Spread } from './result.js';
import { depthName, dtypesOf, filesList, list, missingList, pairName, stagesTable } from '../lineageReport.js';
import { formatBytes, formatCount, formatNumber, formatPercent, formatSeconds, table } from '../../report/text.js';

export { spectraCsv as csv } from './csv.js';

/** The rank whose fraction of the energy the table shows. */
const SHOWN_RANK = 16;

export function report(result: SpectrumResult): string {
  const parts = [
    stagesTable(result),
    explanation(result),
    groupsTable(
      result,
      ['', 'region'],
      result.layers.map((layer) => ({ names: [depthName(layer), layer.region ?? ''], group: layer })),
    ),
    groupsTable(
      result,
      [''],
      result.regions.map((region) => ({ names: [`${region.region} (${region.first}–${region.last})`], group: region })),
    ),
    filesList(result),
    missingList(result),
    list('Warnings', result.warnings),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** One line: what is to be done, and how long it may take. */
export function planSentence({ mode, matrices, bytes, memory, threads, seconds }: SpectrumPlan): string {
  return (
    `${formatCount(matrices)} matrices, ${mode} mode: ${formatBytes(bytes)} to read, ` +
    `within ${formatBytes(memory)} of memory on ${threads} ${threads === 1 ? 'thread' : 'threads'}, ` +
    `about ${formatSeconds(seconds)} on this machine.`
  );
}

function explanation(result: SpectrumResult): string {
  const how =
    result.mode === 'exact'
      ? 'All singular values of every update'
      : 'The first singular values of every update and an estimate of the rest';
  const overlap =
    result.stages.length > 2
      ? '\n"same" is the fraction of the leading output and input directions that two updates share; in ' +
        'parentheses: the random baseline.'
      : '';
  return (
    `${how}; mean over a layer's matrices. In parentheses: what rounding to\n${dtypesOf(result)} alone would ` +
    `give. * where rounding dominates the number in most of the layer's matrices: ` +
    `it says little\nabout training there. "top ${SHOWN_RANK}" is the fraction of ‖ΔW‖² in the first ` +
    `${SHOWN_RANK} directions.${overlap}`
  );
}

interface Row {
  names: string[];
  group: Pick<LayerSpectra, 'spectra' | 'overlaps'>;
}

function groupsTable(result: SpectrumResult, leading: string[], rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const pairs = result.stages.slice(1).map((_, pair) => pair);
  const meetings = pairs.slice(1).map((_, meeting) => meeting);
  const none = leading.map(() => '');
  const over = [
    ...none,
    ...pairs.flatMap((pair) => [pairName(result, pair), '', '', '', '', '', '', '']),
    ...meetings.flatMap((meeting) => [
      meetings.length > 1 ? `${pairName(result, meeting)}, ${pairName(result, meeting + 1)}` : '',
      '',
      '',
      '',
    ]),
  ];
  const header = [
    ...leading,
    ...pairs.flatMap(() => ['stable rank', '', '', 'effective', '', '', `top ${SHOWN_RANK}`, '']),
    ...meetings.flatMap(() => ['same out', '', 'in', '']),
  ];
  const body = rows.map(({ names, group }) => [
    ...names,
    ...pairs.flatMap((pair) => spectrumCells(group.spectra[pair] ?? null)),
    ...meetings.flatMap((meeting) => overlapCells(group.overlaps[meeting] ?? null)),
  ]);
  const right = [
    ...leading.map(() => false),
    ...pairs.flatMap(() => [true, true, false, true, true, false, true, false]),
    ...meetings.flatMap(() => [true, true, true, true]),
  ];
  return table([over, header, ...body], right);
}

function spectrumCells(aggregate: SpectraAggregate | null): string[] {
  if (aggregate === null) return ['–', '', '', '–', '', '', '–', ''];
  const { stableRank, floorStableRank, effectiveRank, floorEffectiveRank, topEnergy, dominatedBy } = aggregate;
  const mark = (name: MetricName) => (dominatedBy[name] >= 0.5 ? '*' : '');
  return [
    mean(stableRank),
    beside(floorStableRank),
    mark('stableRank'),
    mean(effectiveRank),
    beside(floorEffectiveRank),
    mark('effectiveRank'),
    formatPercent(topEnergy[SHOWN_RANK]?.mean ?? null),
    mark('topEnergy'),
  ];
}

function overlapCells(overlap: LayerSpectra['overlaps'][number]): string[] {
  if (overlap === null) return ['–', '', '–', ''];
  return [
    formatPercent(overlap.left),
    `(${formatPercent(overlap.leftChance)})`,
    formatPercent(overlap.right),
    `(${formatPercent(overlap.rightChance)})`,
  ];
}

function mean(spread: Spread | null): string {
  return formatNumber(spread?.mean ?? null);
}

function beside(spread: Spread | null): string {
  return spread === null ? '' : `(${formatNumber(spread.mean)})`;
}
