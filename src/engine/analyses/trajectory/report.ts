/** A trajectory for people: sentences, a table of steps, a table of layers. */
import { floorRatio } from '../compare/floor.js';
import { depthName, list, missingList, stagesTable } from '../lineageReport.js';
import { bar, formatBytes, formatCount, formatNumber, formatPercent, formatSeconds, table } from '../../report/text.js';
import { halfwayOf, trajectoryReading } from './reading.js';
import type { TrajectoryPlan } from './request.js';
import type { GroupTrajectory, TrajectoryResult } from './result.js';

export { stepsCsv as csv } from './csv.js';

const BAR_WIDTH = 16;

export function report(result: TrajectoryResult): string {
  const parts = [
    trajectoryReading(result).join('\n'),
    stagesTable({ stages: [result.stages[0]!, result.stages.at(-1)!] }),
    explanation(result),
    stepsTable(result),
    layersTable(result),
    missingList(result),
    list(
      'Checkpoints that are not whole, and so not read',
      result.leftOut.map(({ path, reason }) => (reason.includes(path) ? reason : `${path}: ${reason}`)),
    ),
    list('Warnings', result.warnings),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** One line: what is to be done, and how long it may take. */
export function planSentence(plan: TrajectoryPlan): string {
  const { checkpoints, leftOut, bytes, matrices, directionBytes, memory, threads, seconds } = plan;
  const again =
    matrices === 0
      ? ''
      : `, then ${formatBytes(directionBytes)} again for the directions of ${formatCount(matrices)} matrices`;
  const not =
    leftOut === 0 ? '' : ` ${formatCount(leftOut)} more ${leftOut === 1 ? 'is' : 'are'} not whole and left out.`;
  return (
    `${formatCount(checkpoints)} checkpoints: ${formatBytes(bytes)} to read, each byte once${again}, ` +
    `within ${formatBytes(memory)} of memory on ${threads} ${threads === 1 ? 'thread' : 'threads'}, ` +
    `about ${formatSeconds(seconds)} on this machine.${not}`
  );
}

/** The updates that are shown. */
function sizesOf({ against }: TrajectoryResult, group: GroupTrajectory) {
  return against === 'first' ? group.sinceFirst : group.sincePrevious;
}

function explanation(result: TrajectoryResult): string {
  const { k, stages, against, directions } = result;
  const since = against === 'first' ? `since ${stages[0]!.label}` : 'since the checkpoint before';
  const told = directions
    ? `\nStable rank and Sim_${k} are of the update since ${stages[0]!.label}, means over matrices; ` +
      `Sim_${k} is the overlap of its first ${k} input\ndirections with those of the last step.`
    : '';
  return (
    `The update ${since}, weights of two or more dimensions as one vector. "×floor" is ‖Δ‖ over the ` +
    'rounding noise\nthat storage alone would give: near or below 1, the figure says little about ' +
    `training.${told}`
  );
}

function stepsTable(result: TrajectoryResult): string {
  const { whole, stages, k, directions } = result;
  const sizes = sizesOf(result, whole);
  const largest = Math.max(...sizes.map((delta) => delta?.relative ?? 0));
  const rows = sizes.map((delta, index) => [
    stages[index + 1]!.label,
    formatNumber(delta?.relative ?? null),
    bar(largest > 0 ? (delta?.relative ?? 0) / largest : 0, BAR_WIDTH),
    formatNumber(delta?.fro ?? null),
    ratioText(floorRatio(delta)),
    formatPercent(delta?.changed ?? null),
    ...(directions ? [formatNumber(whole.stableRank[index]!), formatNumber(whole.similarity[index]!)] : []),
  ]);
  const more = directions ? ['stable rank', `Sim_${k}`] : [];
  return table(
    [['', '‖Δ‖/‖W‖', '', '‖Δ‖', '×floor', 'changed', ...more], ...rows],
    [false, true, false, true, true, true, ...more.map(() => true)],
  );
}

function layersTable(result: TrajectoryResult): string {
  const { layers, regions, sections, steps, k, directions } = result;
  const groups: { name: string; region: string; group: GroupTrajectory }[] = [
    ...layers.map((layer) => ({ name: depthName(layer), region: layer.region ?? '', group: layer })),
    ...regions.map((one) => ({ name: `${one.region} (${one.first}–${one.last})`, region: '', group: one })),
    ...sections.map((one) => ({ name: one.section, region: '', group: one })),
  ];
  const lastOf = (group: GroupTrajectory) => sizesOf(result, group).at(-1) ?? null;
  const largest = Math.max(...groups.map(({ group }) => lastOf(group)?.relative ?? 0));
  const rows = groups.map(({ name, region, group }) => {
    const delta = lastOf(group);
    const half = halfwayOf(group);
    return [
      name,
      region,
      formatNumber(delta?.relative ?? null),
      bar(largest > 0 ? (delta?.relative ?? 0) / largest : 0, BAR_WIDTH),
      formatNumber(delta?.fro ?? null),
      ratioText(floorRatio(delta)),
      half === null ? '–' : String(steps[half + 1]!),
      ...(directions ? [formatNumber(group.stableRank.at(-1)!), formatNumber(group.similarity.at(-2) ?? null)] : []),
    ];
  });
  const more = directions ? ['stable rank', `Sim_${k} before last`] : [];
  return table(
    [['at the last step', 'region', '‖Δ‖/‖W‖', '', '‖Δ‖', '×floor', 'half by', ...more], ...rows],
    [false, false, true, false, true, true, true, ...more.map(() => true)],
  );
}

function ratioText(ratio: number | null): string {
  return ratio === null ? '–' : ratio.toFixed(2);
}
