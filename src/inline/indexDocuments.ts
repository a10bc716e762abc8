/**
 * The tensor lines of the index files that are open, kept while they are edited. Reading happens in slices between
 * which the extension host breathes, and stops when the document is closed.
 */
import * as vscode from 'vscode';
import { TensorLines, type LineEdit } from './tensorLines.js';

/** About two milliseconds' worth. */
const LINES_PER_SLICE = 4000;

export class IndexDocuments implements vscode.Disposable {
  private readonly known = new Map<string, TensorLines>();
  private readonly disposables = [
    vscode.workspace.onDidChangeTextDocument((event) => this.onChange(event)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.known.delete(uri.toString())),
  ];

  /** The lines as far as they are read: enough for what is on screen. */
  partial(document: vscode.TextDocument): TensorLines {
    const key = document.uri.toString();
    const lines = this.known.get(key) ?? new TensorLines(document.lineCount);
    this.known.set(key, lines);
    return lines;
  }

  /** All lines. Undefined when cancelled, or the document went away. */
  async complete(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<TensorLines | undefined> {
    const lines = this.partial(document);
    while (!lines.complete) {
      if (token.isCancellationRequested || document.isClosed) return undefined;
      lines.advance((line) => document.lineAt(line).text, LINES_PER_SLICE);
      await new Promise(setImmediate);
    }
    return lines;
  }

  private onChange({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const lines = this.known.get(document.uri.toString());
    if (lines === undefined || contentChanges.length === 0) return;
    const edits = contentChanges.map(({ range, text }): LineEdit => ({
      startLine: range.start.line,
      endLine: range.end.line,
      lines: countLines(text),
    }));
    lines.edit(edits, (line) => document.lineAt(line).text);
    // A defence in depth: were the count ever wrong, every number would be beside the wrong line.
    if (lines.lineCount !== document.lineCount) this.known.delete(document.uri.toString());
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
