/**
 * The tensors of a checkpoint without an index, written as an index writes them, in a read-only document of the
 * editor's: so that lenses, bars and hovers have a line for every tensor of a single file too.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { EngineApi, InspectResult } from '../protocol/engineApi.js';
import { folderOf } from './checkpointPath.js';

export const TENSORS_SCHEME = 'frankenstein-tensors';

export class TensorDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(TENSORS_SCHEME, this);

  constructor(private readonly engine: Pick<EngineApi, 'inspect'>) {}

  /** The document's place is where the index would lie; `query` names the checkpoint. */
  uriOf(checkpoint: string): vscode.Uri {
    const location = path.join(folderOf(checkpoint), 'tensors.safetensors.index.json');
    return vscode.Uri.file(location).with({ scheme: TENSORS_SCHEME, query: checkpoint });
  }

  async provideTextDocumentContent({ query }: vscode.Uri): Promise<string> {
    return indexText(await this.engine.inspect({ path: query }));
  }

  dispose(): void {
    this.registration.dispose();
  }
}

/** As an index says it: which file each tensor is in. */
export function indexText({ tensors, bytes }: Pick<InspectResult, 'tensors' | 'bytes'>): string {
  // Layer 2 before layer 10.
  const order = new Intl.Collator('en', { numeric: true });
  const sorted = [...tensors].sort((a, b) => order.compare(a.onDisk, b.onDisk));
  const map = Object.fromEntries(sorted.map(({ onDisk, shard }) => [onDisk, shard]));
  return `${JSON.stringify({ metadata: { total_size: bytes }, weight_map: map }, undefined, 2)}\n`;
}
