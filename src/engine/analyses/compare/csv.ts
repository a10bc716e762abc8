/** A comparison as CSV: the same table from the panel and from the command line. */
import type { StageSummary } from '../../lineage/stageSummary.js';
import { type Cell, csv } from '../../report/csv.js';
import type { CompareResult, TensorResult } from './result.js';

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

/** `in -> rl` */
export function updateNames({ stages }: { stages: readonly StageSummary[] }): string[] {
  return stages.slice(1).map((stage, index) => `${stages[index]!.label} -> ${stage.label}`);
}
