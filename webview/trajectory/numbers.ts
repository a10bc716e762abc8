/** A trajectory as tables: what the figures show, for reading, copying and CSV. No DOM. */
import { markdownCell } from '../exporters/tables.js';
import { floorRatio } from '../../src/protocol/floor.js';
import { formatFloorRatio, formatNumber, formatFraction } from '../format.js';
import { deltasOf, layerAt, type TrajectoryModel } from './model.js';
import type { Drawn } from './figures.js';

export const HEADINGS = ['Step', 'Part', '‖Δ‖/‖W‖', '‖Δ‖', '× floor', 'changed', 'stable rank', 'Sim_K'];

/** One row per step and group, as text. */
export function numberRows(model: TrajectoryModel, { against, depth }: Pick<Drawn, 'against' | 'depth'>): string[][] {
  const layer = layerAt(model, depth);
  const groups = [
    { name: 'All weights', group: model.result.whole },
    ...model.groups,
    ...(layer === null ? [] : [layer]),
  ];
  return model.steps.flatMap(({ step }, index) =>
    groups.map(({ name, group }) => {
      const delta = deltasOf(group, against)[index] ?? null;
      return [
        String(step),
        name,
        formatNumber(delta?.relative),
        formatNumber(delta?.fro),
        formatFloorRatio(floorRatio(delta)),
        formatFraction(delta?.changed),
        formatNumber(group.stableRank[index]),
        formatNumber(group.similarity[index]),
      ];
    }),
  );
}

export function numbersMarkdown(model: TrajectoryModel, drawn: Drawn): string {
  const row = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(' | ')} |`;
  return [row(HEADINGS), row(HEADINGS.map(() => '---')), ...numberRows(model, drawn).map(row), ''].join('\n');
}
