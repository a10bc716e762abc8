/**
 * Where runs are kept: `.frankenstein` in a workspace folder, the extension's own storage when there is no folder or
 * the folder is not trusted. What an untrusted folder brings along is not shown as a result of ours.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { readSettings } from './settings.js';

export class RunsFolders {
  constructor(private readonly globalStorage: vscode.Uri) {}

  /** The folder for a new run over these checkpoints. */
  forRun(checkpoints: readonly string[]): string {
    const last = checkpoints.at(-1);
    const holder = last === undefined ? undefined : vscode.workspace.getWorkspaceFolder(vscode.Uri.file(last));
    return this.ofWorkspaceFolder(holder ?? localFolders()[0]) ?? this.global;
  }

  /** Every folder that may hold runs to show. */
  all(): string[] {
    const folders = localFolders().flatMap((folder) => this.ofWorkspaceFolder(folder) ?? []);
    return [...new Set([...folders, this.global])];
  }

  private get global(): string {
    return this.globalStorage.fsPath;
  }

  private ofWorkspaceFolder(folder: vscode.WorkspaceFolder | undefined): string | undefined {
    const { runsFolder } = readSettings();
    if (path.isAbsolute(runsFolder)) return runsFolder;
    if (folder === undefined || !vscode.workspace.isTrusted) return undefined;
    return path.join(folder.uri.fsPath, runsFolder || '.frankenstein');
  }
}

function localFolders(): vscode.WorkspaceFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file');
}
