/** Try Checkpoint…: a panel with a prompt, a picture, and the answers of one checkpoint or two beside each other. */
import * as vscode from 'vscode';
import { labelOf, labelsOf } from '../services/checkpointPath.js';
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { checkpointInHand, pickCheckpoint } from './pick.js';

const TITLE = 'Try Checkpoint';

export const tryCommands = {
  async 'frankenstein.try'(services: Services, ...args: unknown[]) {
    const given = checkpointsFrom(args).slice(0, 2);
    const first =
      given[0] ??
      checkpointInHand() ??
      (await pickCheckpoint(services, { title: TITLE, placeholder: 'Which checkpoint?' }));
    if (first === undefined) return;
    const second = given[1] ?? (await pickSecond(services, first));
    if (second === undefined) return;
    const paths = second === '' ? [first] : [first, second];
    const labels = labelsOf(paths);
    services.panels.try({ kind: 'try', checkpoints: paths.map((path, at) => ({ path, label: labels[at]! })) });
  },
};

/** Empty: this one alone. Undefined when dismissed. */
async function pickSecond(services: Services, first: string): Promise<string | undefined> {
  const choice = await vscode.window.showQuickPick(
    [
      { label: `$(comment) ${labelOf(first).replaceAll('$(', '$ (')}`, description: 'alone', two: false },
      { label: '$(split-horizontal) Beside another checkpoint…', description: 'both are asked the same', two: true },
    ],
    { title: TITLE },
  );
  if (choice === undefined) return undefined;
  return choice.two
    ? pickCheckpoint(services, { title: TITLE, placeholder: `Try ${labelOf(first)} beside…`, exclude: [first] })
    : '';
}
