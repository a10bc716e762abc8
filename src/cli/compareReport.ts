/** The comparison for people: stages, a table of layers with bars, a summary of regions. */
import type { Aggregate, CompareResult, DeltaAggregate } from '../engine/diff/result.js';
import { bar, formatBytes, formatCount, formatNumber, formatPercent, table } from './terminal.js';

const BAR_WIDTH = 16;
/** Longer lists are cut with a count; the JSON has all. */
const LISTED = 8;

export function compareReport(result: CompareResult): string {
  const parts = [
    stagesTable(result),
    `Relative update ‖ΔW‖/‖W‖ per layer; a bar is full at its column's largest. "×floor" is energy over the rounding\nnoise that ${dtypesOf(result)} storage alone would give: near or below 1, the figure says little about training.`,
    layersTable(result),
    regionsTable(result),
    list('Files that differ', result.files.map(({ file, from, kind, keys }) => `${pairName(result, from)}: ${file} ${kind}${keys.length > 0 ? ` (${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''})` : ''}`)),
    list('Tensors without a counterpart', result.missing.map(({ name, reason }) => `${name}: ${reason}`)),
    list('Warnings', result.warnings),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function stagesTable({ stages }: CompareResult): string {
  const rows = stages.map((stage) => [
    stage.label, stage.family, stage.dtype, `${formatCount(stage.parameters)} parameters`, formatBytes(stage.bytes),
    `${stage.layers} layers${stage.visionLayers > 0 ? ` + ${stage.visionLayers} vision` : ''}`, stage.path,
  ]);
  return table(rows, [false, false, false, true, true, false, false]);
}

function layersTable(result: CompareResult): string {
  const { layers } = result;
  if (layers.length === 0) return '';
  const rows = layers.map((layer) => [
    layer.section === 'vision' ? `vision ${layer.layer!}` : layer.section === 'projector' ? 'projector' : `layer ${layer.layer!}`,
    layer.region ?? '',
    ...deltaCells(result, layer, layers),
  ]);
  return deltaTable(result, ['', 'region'], rows);
}

function regionsTable(result: CompareResult): string {
  const groups = [
    ...result.regions.map((region) => ({ name: `${region.region} (${region.first}–${region.last})`, ...region })),
    ...result.sections.map((section) => ({ name: section.section, ...section })),
  ];
  return deltaTable(result, [''], groups.map((group) => [group.name, ...deltaCells(result, group, groups)]));
}

function deltaTable(result: CompareResult, leading: string[], rows: string[][]): string {
  const pairs = result.stages.slice(1).map((_, pair) => pair);
  const header = [...leading, ...pairs.flatMap((pair) => [pairName(result, pair), '', 'energy', '×floor', 'changed'])];
  return table([header, ...rows], [...leading.map(() => false), ...pairs.flatMap(() => [true, false, true, true, true])]);
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

function pairName({ stages }: CompareResult, pair: number): string {
  return `${stages[pair]!.label} → ${stages[pair + 1]!.label}`;
}

function dtypesOf({ stages }: CompareResult): string {
  return [...new Set(stages.slice(1).map((stage) => stage.dtype))].join(' and ');
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > LISTED ? [`… and ${lines.length - LISTED} more`] : [];
  return [`${title}:`, ...[...lines.slice(0, LISTED), ...more].map((line) => `  ${line}`)].join('\n');
}
