/** Watch Training…: a panel over the logs of one training or several, which follows them as they grow. */
import path from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { trainingRequest } from '../panel/memory.js';
import { labelsOf } from '../services/checkpointPath.js';
import { BACK, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { findTrainingLogs } from '../services/trainingLogs.js';
import { pathsFrom } from './arguments.js';

const TITLE = 'Watch Training';

export const trainingCommands = {
  /** @param args folders as menus give them, or `{title, folders}` */
  async 'frankenstein.watchTraining'(services: Services, ...args: unknown[]) {
    const asked = v.safeParse(trainingRequest, args[0]);
    if (asked.success) {
      services.panels.open({ kind: 'training', ...asked.output });
      return;
    }
    const given = pathsFrom(args);
    const folders = given.length > 0 ? given : await pickFolders();
    if (folders !== undefined)
      services.panels.open({ kind: 'training', title: labelsOf(folders).join(', ').slice(0, 200), folders });
  },
};

/** Undefined when dismissed. */
async function pickFolders(): Promise<string[] | undefined> {
  const choice = await pickOne({ title: TITLE, placeholder: 'Which folder holds its logs?' }, choices());
  if (choice === undefined || choice === BACK) return undefined;
  if (choice !== '') return [choice];
  const picked = await vscode.window.showOpenDialog({
    title: TITLE,
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    openLabel: 'Watch',
  });
  return picked === undefined || picked.length === 0 ? undefined : picked.map(({ fsPath }) => fsPath);
}

async function choices() {
  const runs = new Set((await findTrainingLogs()).map(({ fsPath }) => folderOfRun(path.dirname(fsPath))));
  const listed = [...new Set([...runs].flatMap((run) => [experimentOf(run) ?? run, run]))].sort();
  return [
    ...listed.map((folder) => ({
      label: vscode.workspace.asRelativePath(folder),
      icon: 'graph-line',
      detail: folder,
      value: folder,
    })),
    { label: 'Browse…', icon: 'folder-opened', description: 'one folder or several', value: '', alwaysShow: true },
  ];
}

/** Where a run begins: above its checkpoints and its completions. */
function folderOfRun(folder: string): string {
  return /^(?:checkpoint-\d+|completions|rollouts|output|result)$/.test(path.basename(folder))
    ? folderOfRun(path.dirname(folder))
    : folder;
}

/** Above `runs/NAME`. */
function experimentOf(run: string): string | undefined {
  const above = path.dirname(run);
  return path.basename(above) === 'runs' ? path.dirname(above) : undefined;
}
