/** The command table: complete by its type, and one place where an error becomes a sentence on screen. */
import * as vscode from 'vscode';
import { isCancelled, messageOf } from '../services/errors.js';
import { showError } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { withBases } from './base.js';
import { compareCommands } from './compare.js';
import { evaluateCommands } from './evaluate.js';
import { experimentCommands } from './experiment.js';
import { freezeCommands } from './freeze.js';
import { COMMAND_IDS, type CommandId } from './ids.js';
import { inlineCommands } from './inline.js';
import { inspectCommands } from './inspect.js';
import { pickCheckpoint } from './pick.js';
import { mergeCommands } from './merge.js';
import { probeCommands } from './probe.js';
import { progressCommands } from './progress.js';
import { regradeCommands } from './regrade.js';
import { reportCommands } from './report.js';
import { runCommands } from './runs.js';
import { spectrumCommands } from './spectrum.js';
import { trajectoryCommands } from './trajectory.js';
import { trainingCommands } from './training.js';
import { tryCommands } from './try.js';

/** Arguments come from menus, links and other extensions: each command checks its own. */
export type Command = (services: Services, ...args: unknown[]) => unknown;

const TABLE: Record<CommandId, Command> = {
  ...compareCommands,
  ...inspectCommands,
  ...probeCommands,
  ...tryCommands,
  ...trainingCommands,
  ...evaluateCommands,
  ...mergeCommands,
  ...freezeCommands,
  ...experimentCommands,
  ...progressCommands,
  ...runCommands,
  ...regradeCommands,
  ...reportCommands,
  ...spectrumCommands,
  ...trajectoryCommands,
  ...inlineCommands,
};

/** Commands on folders and files that are no checkpoints: an adapter in them needs no base. */
const OF_FOLDERS: ReadonlySet<CommandId> = new Set<CommandId>([
  'frankenstein.watchTraining',
  'frankenstein.runExperiment',
  'frankenstein.planExperiment',
  'frankenstein.openExperimentResult',
  'frankenstein.cancelExperiment',
  'frankenstein.createReport',
]);

export function registerCommands(services: Services): vscode.Disposable {
  return vscode.Disposable.from(
    ...COMMAND_IDS.map((id) =>
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          const whole = OF_FOLDERS.has(id) ? args : await withBases(services, args, pickCheckpoint);
          return whole === undefined ? undefined : await TABLE[id](services, ...whole);
        } catch (error) {
          if (isCancelled(error)) return undefined;
          services.log.error(`${id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
          // Not awaited: the command has ended, whatever becomes of the notification.
          void showError(messageOf(error), 'Show Log').then((choice) => {
            if (choice !== undefined) services.log.show();
          });
          return undefined;
        }
      }),
    ),
  );
}
