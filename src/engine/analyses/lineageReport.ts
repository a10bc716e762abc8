/** What the tables of a lineage share: its stages, the names of its updates, what has no counterpart. */
import type { FileDifference } from '../checkpoint/fileDifference.js';
import type { MissingTensor } from '../lineage/align.js';
import type { StageSummary } from '../lineage/stageSummary.js';
import type { Section } from '../topology/topology.js';
import { formatBytes, formatCount, table } from '../report/text.js';

/** Longer lists are cut with a count; the JSON has all. */
const LISTED = 8;

/** A comparison, or anything else over stages. */
interface OfStages {
  stages: readonly StageSummary[];
}

export function stagesTable({ stages }: OfStages): string {
  const rows = stages.map((stage) => [
    stage.label,
    stage.family,
    stage.dtype,
    `${formatCount(stage.parameters)} parameters`,
    formatBytes(stage.bytes),
    `${stage.layers} layers${stage.visionLayers > 0 ? ` + ${stage.visionLayers} vision` : ''}`,
    stage.path,
  ]);
  return table(rows, [false, false, false, true, true, false, false]);
}

export function pairName({ stages }: OfStages, pair: number): string {
  return `${stages[pair]!.label} → ${stages[pair + 1]!.label}`;
}

export function dtypesOf({ stages }: OfStages): string {
  return [...new Set(stages.slice(1).map((stage) => stage.dtype))].join(' and ');
}

export function filesList(result: OfStages & { files: readonly FileDifference[] }): string {
  return list(
    'Files that differ',
    result.files.map(
      ({ file, from, kind, keys }) =>
        `${pairName(result, from)}: ${file} ` +
        `${kind}${keys.length > 0 ? ` (${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''})` : ''}`,
    ),
  );
}

export function missingList({ missing }: { missing: readonly MissingTensor[] }): string {
  return list(
    'Tensors without a counterpart',
    missing.map(({ name, reason }) => `${name}: ${reason}`),
  );
}

/** `vision 3`, `projector`, `layer 7`. */
export function depthName({ section, layer }: { section: Section; layer: number | null }): string {
  return section === 'vision' ? `vision ${layer!}` : section === 'projector' ? 'projector' : `layer ${layer!}`;
}

export function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > LISTED ? [`… and ${lines.length - LISTED} more`] : [];
  return [`${title}:`, ...[...lines.slice(0, LISTED), ...more].map((line) => `  ${line}`)].join('\n');
}
