/** Select for Compare, Compare with Selected, Compare with…, Compare Lineage. */
import * as vscode from 'vscode';
import { checkpointOf, identityOf, labelOf } from '../services/checkpointPath.js';
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { pickOrder } from './order.js';
import { checkpointInHand, pickCheckpoint } from './pick.js';

export const compareCommands = {
  async 'frankenstein.selectForCompare'(services: Services, ...args: unknown[]) {
    const checkpoint = await checkpointFrom(services, args, {
      title: 'Select for Compare',
      placeholder: 'Which checkpoint comes first?',
    });
    if (checkpoint === undefined) return;
    await services.selection.select(checkpoint);
    vscode.window.setStatusBarMessage(`$(check) ${labelOf(checkpoint)} is selected for compare`, 4000);
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
    if (other !== undefined) await compare(services, [selected, other]);
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
    if (second !== undefined) await compare(services, [first, second]);
  },

  async 'frankenstein.compareLineage'(services: Services, ...args: unknown[]) {
    const given = checkpointsFrom(args);
    const checkpoints = given.length >= 2 ? given : await pickSeveral(services, given);
    if (checkpoints === undefined) return;
    const stages = await pickOrder(services.engine, checkpoints);
    if (stages !== undefined)
      services.panels.compare({
        kind: 'compare',
        stages: stages.map(({ path, label }) => ({ path, ...(label !== undefined && { label }) })),
      });
  },
};

async function compare({ engine, panels }: Services, checkpoints: string[]): Promise<void> {
  if (new Set(checkpoints.map(identityOf)).size < checkpoints.length) {
    throw new Error(`${labelOf(checkpoints[0]!)} would be compared with itself; choose another checkpoint.`);
  }
  // The order is the user's; only what the stages are called is guessed, from their names.
  const { order, labels } = await engine.guessOrder({ paths: checkpoints });
  panels.compare({
    kind: 'compare',
    stages: checkpoints.map((path, i) => ({ path, label: labels[order.indexOf(i)]! })),
  });
}

async function checkpointFrom(
  services: Services,
  args: readonly unknown[],
  question: Parameters<typeof pickCheckpoint>[1],
): Promise<string | undefined> {
  return checkpointsFrom(args)[0] ?? (await pickCheckpoint(services, question));
}

/** Two or more of those that are known. */
export async function pickSeveral(
  services: Services,
  given: readonly string[],
  title = 'Compare Lineage',
): Promise<string[] | undefined> {
  const found = await services.discovery.list();
  const items = found.map(({ path, label, family }) => ({
    label,
    description: family,
    detail: path,
    path: checkpointOf(path),
    picked: given.includes(checkpointOf(path)),
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Choose the stages of one model: two or more',
    canPickMany: true,
    matchOnDetail: true,
  });
  if (picked === undefined) return undefined;
  if (picked.length < 2) throw new Error('A lineage has at least two checkpoints.');
  return picked.map(({ path }) => path);
}
