/**
 * Tells the menus which folders of the workspace are checkpoints, so that `src/` or `docs/` do not offer a comparison.
 * Folders with weights in another format count: their error says how to convert them.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { watchArrivals } from './arrivals.js';
import { foldersOfLogs, TRAINING_LOG } from './trainingLogs.js';

/** Weight files, and the shards of other tools whose error is worth reaching. */
const WEIGHTS = '**/{*.safetensors,*.safetensors.index.json,pytorch_model*.bin,*.gguf,*.distcp,.metadata}';
/** Files whose coming and going changes which folders are checkpoints, or which recipes there are. */
const TELLING = /\.(safetensors|safetensors\.index\.json|gguf|bin|distcp|metadata|frank\.ya?ml)$/;
const EXCLUDED = '**/{node_modules,.git,.venv,.frankenstein}/**';
/** Far beyond any folder of checkpoints; keeps the search of a home directory finite. */
const MOST_FILES = 20_000;
/** A trainer writes many files at once. Milliseconds. */
const SETTLE = 500;

export class KnownFolders implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = [];
  private timer: NodeJS.Timeout | undefined;
  private folders: readonly string[] = [];
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when checkpoints may have come or gone. */
  readonly onDidChange = this.changed.event;

  constructor() {
    const soon = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.refresh().then(() => this.changed.fire()), SETTLE);
    };
    const wanted = {
      file: (file: string) => TELLING.test(file) || TRAINING_LOG.test(file),
      deletedFolder: (deleted: string) =>
        this.folders.some((one) => `${one}${path.sep}`.startsWith(deleted + path.sep)),
    };
    this.disposables.push(
      watchArrivals(wanted, soon),
      this.changed,
      vscode.workspace.onDidChangeWorkspaceFolders(soon),
    );
    void this.refresh();
  }

  private async refresh(): Promise<void> {
    const [files, logs] = await Promise.all([
      vscode.workspace.findFiles(WEIGHTS, EXCLUDED, MOST_FILES),
      foldersOfLogs(),
    ]);
    // Menus compare with a local path where the window is local, and with the URI's path where it is remote.
    const folders = [...new Set(files.flatMap((file) => [path.dirname(file.fsPath), path.posix.dirname(file.path)]))];
    this.folders = folders;
    await vscode.commands.executeCommand('setContext', 'frankenstein.stepFolders', stepFoldersOf(folders));
    await vscode.commands.executeCommand('setContext', 'frankenstein.checkpointFolders', folders);
    await vscode.commands.executeCommand('setContext', 'frankenstein.trainingFolders', logs);
    // An incomplete search hides nothing.
    await vscode.commands.executeCommand('setContext', 'frankenstein.foldersUnknown', files.length >= MOST_FILES);
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** Folders of the steps of a training, by the checkpoints below them: `run` of `run/checkpoint-100`. */
export function stepFoldersOf(checkpoints: readonly string[]): string[] {
  return [...new Set(checkpoints.flatMap((folder) => STEP_FOLDER.exec(folder)?.[1] ?? []))];
}

/** As the engine knows them: `checkpoint-100`, `global_step_100/actor/huggingface`. */
const STEP_FOLDER = /^(.*)[\\/](?:checkpoint-|global_step_)\d+(?:[\\/](?:actor[\\/])?huggingface|[\\/]actor)?$/;
