/** Compare Trajectory…: a folder of a training's checkpoints, from the explorer, from the workspace, or any other. */
import path from 'node:path';
import * as vscode from 'vscode';
import { stepFoldersOf } from '../services/knownFolders.js';
import { BACK, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { pathsFrom } from './arguments.js';

const TITLE = 'Compare Trajectory';

export const trajectoryCommands = {
  async 'frankenstein.trajectory'(services: Services, ...args: unknown[]) {
    const given = pathsFrom(args);
    const chosen = given.length > 0 ? given : await pickFolder(services);
    if (chosen === undefined) return;
    const stages = chosen.map((folder) => ({ path: folder }));
    services.panels.open({ kind: 'analysis', analysis: 'trajectory', request: { stages } });
  },
};

/** Undefined when dismissed. */
async function pickFolder({ discovery }: Services): Promise<string[] | undefined> {
  const choices = async () => {
    const folders = stepFoldersOf((await discovery.list()).map((found) => found.path));
    return [
      ...folders.map((folder) => ({ label: path.basename(folder), detail: folder, value: folder })),
      {
        label: 'Browse…',
        icon: 'folder-opened',
        description: 'another folder of checkpoints',
        value: '',
        alwaysShow: true,
      },
    ];
  };
  const question = { title: TITLE, placeholder: 'The folder with the checkpoints of a training' };
  const chosen = await pickOne<string>(question, choices());
  if (chosen === BACK || chosen === undefined) return undefined;
  if (chosen !== '') return [chosen];
  const picked = await vscode.window.showOpenDialog({
    title: TITLE,
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: 'Choose Folder',
  });
  return picked?.map((uri) => uri.fsPath);
}
