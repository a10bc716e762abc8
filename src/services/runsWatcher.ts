/** Notices runs that something else has written or deleted: the command line, another window, a person. */
import * as vscode from 'vscode';
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
    this.watchers = this.folders().map((folder) => {
      // Only what comes and goes: a journal grows with every tensor.
      const watcher = vscode.workspace.createFileSystemWatcher(
        new vscode.RelativePattern(vscode.Uri.file(folder), 'runs/*/*.json'),
        false,
        true,
        false,
      );
      const soon = () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(this.changed, SETTLE);
      };
      watcher.onDidCreate(soon);
      watcher.onDidDelete(soon);
      return watcher;
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.watchers, this.settings).dispose();
  }
}
