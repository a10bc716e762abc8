/** The comparison for people: stages, a table of layers with bars, a summary of regions. */
import type { ComparePlan } from './request.js';
import type { Aggregate, CompareResult, DeltaAggregate } from './result.js';
import { depthName, dtypesOf, filesList, list, missingList, pairName, stagesTable } from '../lineageReport.js';
import {
  bar,
  durationClause,
  formatBytes,
  formatCount,
  formatNumber,
  formatPercent,
  table,
} from '../../report/text.js';

export { tensorsCsv as csv } from './csv.js';

const BAR_WIDTH = 16;

export function report(result: CompareResult): string {
  const parts = [
    stagesTable(result),
    `Relative update ‖ΔW‖/‖W‖ per layer, its matrices concatenated (the panel's default metric); bars ` +
      `are scaled to their\ncolumn's largest. ‖ΔW‖ is the Frobenius norm of the whole layer. "×floor" ` +
      `is ‖ΔW‖ over the rounding noise that\n${dtypesOf(result)} storage alone would give: near or ` +
      'below 1, the figure says little about training.',
    layersTable(result),
    regionsTable(result),
    filesList(result),
    missingList(result),
    list('Warnings', result.warnings),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

export function planSentence({ tensors, bytes, memory, threads, seconds }: ComparePlan): string {
  return (
    `${formatCount(tensors)} ${tensors === 1 ? 'tensor' : 'tensors'}: ${formatBytes(bytes)} to read, ` +
    `within ${formatBytes(memory)} of memory on ${threads} ` +
    `${threads === 1 ? 'thread' : 'threads'}${durationClause(seconds, 'measured')}.`
  );
}

function layersTable(result: CompareResult): string {
  const { layers } = result;
  if (layers.length === 0) return '';
  const rows = layers.map((layer) => [depthName(layer), layer.region ?? '', ...deltaCells(result, layer, layers)]);
  return deltaTable(result, ['', 'region'], rows);
}

function regionsTable(result: CompareResult): string {
  const groups = [
    ...result.regions.map((region) => ({ name: `${region.region} (${region.first}–${region.last})`, ...region })),
    ...result.sections.map((section) => ({ name: section.section, ...section })),
  ];
  return deltaTable(
    result,
    [''],
    groups.map((group) => [group.name, ...deltaCells(result, group, groups)]),
  );
}

function deltaTable(result: CompareResult, leading: string[], rows: string[][]): string {
  const pairs = result.stages.slice(1).map((_, pair) => pair);
  const header = [...leading, ...pairs.flatMap((pair) => [pairName(result, pair), '', '‖ΔW‖', '×floor', 'changed'])];
  return table(
    [header, ...rows],
    [...leading.map(() => false), ...pairs.flatMap(() => [true, false, true, true, true])],
  );
}

function deltaCells(result: CompareResult, { deltas }: Aggregate, all: readonly Aggregate[]): string[] {
  return result.stages.slice(1).flatMap((_, pair) => {
    const delta = deltas[pair];
    if (!delta) return ['–', '', '–', '–', '–'];
    const largest = Math.max(...all.map((other) => other.deltas[pair]?.relative ?? 0));
    return [
      formatNumber(delta.relative),
      bar(largest > 0 ? (delta.relative ?? 0) / largest : 0, BAR_WIDTH),
      formatNumber(delta.fro),
      formatFloorRatio(delta),
      formatPercent(delta.changed),
    ];
  });
}

function formatFloorRatio({ fro, floor }: DeltaAggregate): string {
  return floor > 0 ? (fro / floor).toFixed(2) : '–';
}
