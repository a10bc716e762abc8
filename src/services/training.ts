/** Trainings in a terminal: the product's own command line, so that what runs can be read, stopped and started anew. */
import path from 'node:path';
import * as vscode from 'vscode';
import { showInformation } from './screen.js';

export interface Training {
  /** Folder of the experiment. */
  experiment: string;
  /** Names of runs; all when empty. */
  only: readonly string[];
  /** Packages that are missing are installed beside the plan first: the user has agreed. */
  install: boolean;
  python: string;
}

/** Starts it in a terminal of its own, which stays when it ends; says when all has been trained. */
export function startTraining(extension: string, { experiment, only, install, python }: Training): void {
  const args = [
    path.join(extension, 'dist', 'cli.cjs'),
    'freeze',
    'run',
    experiment,
    ...(only.length === 0 ? [] : ['--only', only.join(',')]),
    ...(install ? ['--yes'] : ['--python', python]),
  ];
  const name = `Train ${path.basename(experiment)}`;
  const task = new vscode.Task(
    { type: 'frankenstein.train', experiment },
    vscode.TaskScope.Workspace,
    name,
    'Frankenstein',
    new vscode.ProcessExecution(process.execPath, args, {
      cwd: experiment,
      env: { ELECTRON_RUN_AS_NODE: '1' },
    }),
    [],
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated };
  const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
    if (execution.task.name !== name || execution.task.definition['experiment'] !== experiment) return;
    listener.dispose();
    if (exitCode !== 0) return; // the terminal says why
    void showInformation(`${path.basename(experiment)} is trained.`, 'Verify', 'Report').then((choice) => {
      const command = choice === 'Verify' ? 'verifyFrozen' : choice === 'Report' ? 'freezeReport' : undefined;
      if (command !== undefined) void vscode.commands.executeCommand(`frankenstein.${command}`, experiment);
    });
  });
  void vscode.tasks.executeTask(task);
}
