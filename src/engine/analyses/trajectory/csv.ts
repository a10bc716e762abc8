/** A trajectory as CSV: the same table from the panel and from the command line. */
import { type Cell, csv } from '../../report/csv.js';
import type { TrajectoryResult } from './result.js';

const SIZES = ['fro', 'relative', 'cosine', 'maxAbs', 'changed', 'floor', 'nonFinite'] as const;

/** One row per tensor and step: its place, the update since the first checkpoint and since the previous one. */
export function stepsCsv({ tensors, stages, steps }: TrajectoryResult): string {
  const head = [
    ...['name', 'section', 'layer', 'component', 'region', 'shape', 'checkpoint', 'step', 'dtype', 'norm'],
    ...['first', 'previous'].flatMap((against) => SIZES.map((column) => `since ${against} ${column}`)),
    ...['stable rank', 'similarity'],
  ];
  const rows = tensors.flatMap((tensor) =>
    stages
      .slice(1)
      .map(({ label }, index): Cell[] => [
        ...[tensor.name, tensor.section, tensor.layer, tensor.component, tensor.region, tensor.shape.join('x')],
        ...[label, steps[index + 1], tensor.dtypes[index + 1], tensor.norms[index + 1]],
        ...[tensor.sinceFirst[index], tensor.sincePrevious[index]].flatMap((delta) =>
          SIZES.map((column) => delta?.[column]),
        ),
        ...[tensor.stableRank[index], tensor.similarity[index]],
      ]),
  );
  return csv([head, ...rows]);
}
