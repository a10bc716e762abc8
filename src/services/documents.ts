/** Read-only documents that exist only in the editor: an empty side of a diff, a checkpoint's description. */
import * as vscode from 'vscode';

const SCHEME = 'frankenstein';
const TEXTS_KEPT = 20;

export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly disposables = [vscode.workspace.registerTextDocumentContentProvider(SCHEME, this), this.changed];

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  /** Puts `text` under a name. `key` tells apart documents of the same name. */
  put(name: string, key: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}`, query: key });
    this.texts.delete(uri.toString());
    this.texts.set(uri.toString(), text);
    // A preview closes the document and asks again later, so closing is no sign that a text is done with.
    for (const oldest of this.texts.keys()) {
      if (this.texts.size <= TEXTS_KEPT) break;
      this.texts.delete(oldest);
    }
    this.changed.fire(uri);
    return uri;
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

export function emptyDocument(name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${name}`, query: 'empty' });
}
