/** Folders of the workspace that hold logs of trainings, by the names of files alone. */
import path from 'node:path';
import * as vscode from 'vscode';

const LOGS =
  '**/{trainer_state.json,logging.jsonl,experiment_log.jsonl,completions_*.parquet,rollouts/*.jsonl,trackio/*.db}';
/** A log whose coming changes which folders there are. */
export const TRAINING_LOG =
  /[\\/](?:trainer_state\.json|logging\.jsonl|experiment_log\.jsonl|trackio[\\/][^\\/]+\.db)$/;
const EXCLUDED = '**/{node_modules,.git,.venv,.frankenstein}/**';
const MOST_FILES = 5000;

/** Files of logs, as many as are worth a menu. */
export async function findTrainingLogs(): Promise<vscode.Uri[]> {
  return vscode.workspace.findFiles(LOGS, EXCLUDED, MOST_FILES);
}

/** Every folder with a log below it, up to the workspace's own. */
export async function foldersOfLogs(): Promise<string[]> {
  const folders = new Set<string>();
  for (const file of await findTrainingLogs()) {
    const root = vscode.workspace.getWorkspaceFolder(file)?.uri;
    // Menus compare with a local path where the window is local, and with the URI's path where it is remote.
    if (root === undefined) continue;
    for (const [one, top, up] of [
      [file.fsPath, root.fsPath, (one: string) => path.dirname(one)],
      [file.path, root.path, (one: string) => path.posix.dirname(one)],
    ] as const)
      for (let folder = up(one); folder.length >= top.length; folder = up(folder)) {
        if (folders.has(folder)) break;
        folders.add(folder);
      }
  }
  return [...folders];
}
