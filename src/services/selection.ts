/** The checkpoint picked by "Select for Compare", and the context keys that let menus offer the second step. */
import path from 'node:path';
import * as vscode from 'vscode';
import { Emitter } from './emitter.js';
import { checkpointOf, folderOf, identityOf } from './checkpointPath.js';

export class Selection {
  private selected: string | undefined;
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;

  get checkpoint(): string | undefined {
    return this.selected;
  }

  async select(fsPath: string): Promise<void> {
    const checkpoint = checkpointOf(fsPath);
    const folder = folderOf(checkpoint);
    this.selected = checkpoint;
    this.changed.fire();
    await vscode.commands.executeCommand('setContext', 'frankenstein.hasSelected', true);
    // A checkpoint is not compared with itself, so its own entries do not offer it.
    // An adapter beside a model is another checkpoint than the folder's.
    const beside = identityOf(checkpoint) !== folder;
    const files = beside
      ? ['adapter_config.json', 'adapter_model.safetensors']
      : ['', 'config.json', 'model.safetensors', 'model.safetensors.index.json'];
    const own = [checkpoint, fsPath, ...files.map((name) => path.join(folder, name))];
    // As in `KnownFolders`: a remote window's menus know the path of the URI.
    await vscode.commands.executeCommand('setContext', 'frankenstein.selectedPaths', [
      ...new Set(own.flatMap((one) => [one, vscode.Uri.file(one).path])),
    ]);
  }
}
