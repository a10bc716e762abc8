/**
 * Checkpoints that can be offered: those of the workspace and of the Hugging Face cache. Asked once, then remembered.
 */
import * as vscode from 'vscode';
import type { EngineApi, FoundCheckpoint } from '../protocol/engineApi.js';
import { Emitter } from './emitter.js';
import { readSettings } from './settings.js';

export class Discovery {
  private found: Promise<FoundCheckpoint[]> | undefined;
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly engine: Pick<EngineApi, 'discover'>) {}

  list(): Promise<FoundCheckpoint[]> {
    const roots = (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === 'file')
      .map(({ uri }) => uri.fsPath);
    const found = (this.found ??= this.engine.discover({ roots, huggingFaceCache: readSettings().huggingFaceCache }));
    found.catch(() => {
      if (this.found === found) this.found = undefined;
    });
    return found;
  }

  refresh(): void {
    this.found = undefined;
    this.changed.fire();
  }
}
