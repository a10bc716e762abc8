/** Notices runs that something else has written or deleted: the command line, another window, a person. */
import path from 'node:path';
import * as vscode from 'vscode';
import { watchArrivals } from './arrivals.js';
import { onDidChangeSettings } from './settings.js';

/** A finishing run renames several files in a row. Milliseconds. */
const SETTLE = 300;

export class RunsWatcher implements vscode.Disposable {
  private watchers: vscode.Disposable[] = [];
  private readonly settings: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly folders: () => string[],
    private readonly changed: () => void,
  ) {
    this.watch();
    this.settings = vscode.Disposable.from(
      onDidChangeSettings(() => this.restart()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.restart()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.restart()),
    );
  }

  private restart(): void {
    this.watch();
    this.changed();
  }

  private watch(): void {
    vscode.Disposable.from(...this.watchers).dispose();
    const soon = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.changed, SETTLE);
    };
    this.watchers = this.folders().map((folder) => {
      const runs = path.join(folder, 'runs');
      const wanted = {
        // Runs' own files, `runs/NAME/*.json`: a journal grows with every tensor.
        file: (file: string) => path.dirname(path.dirname(file)) === runs && file.endsWith('.json'),
        deletedFolder: (deleted: string) => [runs, folder].includes(deleted) || path.dirname(deleted) === runs,
      };
      return watchArrivals({ within: folder, ...wanted }, soon);
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.watchers, this.settings).dispose();
  }
}
