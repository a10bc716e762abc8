/** Select for Compare, Compare with Selected, Compare with…, Compare Lineage…, Change Order…. */
import { identityOf, labelOf, labelsOf } from '../services/checkpointPath.js';
import { BACK, showStatus } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { guessedOrder, pickOtherOrder } from './order.js';
import { checkpointInHand, pickCheckpoint, pickPaths, type CheckpointQuestion } from './pick.js';

export const compareCommands = {
  async 'frankenstein.selectForCompare'(services: Services, ...args: unknown[]) {
    const checkpoint = await checkpointFrom(services, args, {
      title: 'Select for Compare',
      placeholder: 'Which checkpoint comes first?',
    });
    if (checkpoint === undefined) return;
    await services.selection.select(checkpoint);
    showStatus(`${labelOf(checkpoint)} is selected for compare`, 'check');
  },

  async 'frankenstein.compareWithSelected'(services: Services, ...args: unknown[]) {
    const selected =
      services.selection.checkpoint ??
      (await pickCheckpoint(services, {
        title: 'Compare with Selected',
        placeholder: 'Which checkpoint comes first?',
      }));
    if (selected === undefined) return;
    const other = await checkpointFrom(services, args, {
      title: 'Compare with Selected',
      placeholder: `Compare ${labelOf(selected)} with…`,
      exclude: [selected],
    });
    if (other !== undefined) compare(services, [selected, other]);
  },

  async 'frankenstein.compareWith'(services: Services, ...args: unknown[]) {
    const title = 'Compare with…';
    const first =
      checkpointsFrom(args)[0] ??
      checkpointInHand() ??
      (await pickCheckpoint(services, { title, placeholder: 'Which checkpoint comes first?' }));
    if (first === undefined) return;
    const second = await pickCheckpoint(services, {
      title,
      placeholder: `Compare ${labelOf(first)} with…`,
      exclude: [first],
    });
    if (second !== undefined) compare(services, [first, second]);
  },

  async 'frankenstein.compareLineage'(services: Services, ...args: unknown[]) {
    const stages = await pickLineage(services, checkpointsFrom(args), 'Compare Lineage');
    if (stages !== undefined) services.panels.open({ kind: 'compare', stages });
  },

  async 'frankenstein.changeOrder'({ panels }: Services) {
    const request = panels.current?.request;
    if (request?.kind !== 'compare') return;
    const stages = await pickOtherOrder(request.stages);
    if (stages !== undefined) panels.open({ kind: 'compare', stages });
  },
};

/** The order is the user's. */
function compare({ panels }: Services, checkpoints: string[]): void {
  if (new Set(checkpoints.map(identityOf)).size < checkpoints.length) {
    throw new Error(`${labelOf(checkpoints[0]!)} would be compared with itself; choose another checkpoint.`);
  }
  const labels = labelsOf(checkpoints);
  panels.open({ kind: 'compare', stages: checkpoints.map((path, i) => ({ path, label: labels[i]! })) });
}

async function checkpointFrom(
  services: Services,
  args: readonly unknown[],
  question: CheckpointQuestion,
): Promise<string | undefined> {
  return checkpointsFrom(args)[0] ?? (await pickCheckpoint(services, question));
}

/** Two or more stages of one model in the order of their training; undefined when dismissed. */
export async function pickLineage(
  services: Services,
  given: readonly string[],
  title: string,
): Promise<{ path: string; label?: string }[] | undefined> {
  const question = { title, placeholder: 'The stages of one model: two or more', least: 2 };
  const checkpoints = await pickPaths(services, question, given);
  if (checkpoints === undefined || checkpoints === BACK) return undefined;
  const stages = await guessedOrder(services, checkpoints);
  return stages.map(({ path, label }) => ({ path, ...(label !== undefined && { label }) }));
}
