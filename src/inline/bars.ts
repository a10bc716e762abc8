/**
 * A bar before every tensor name on screen: how far its update went, on one logarithmic scale for the whole model. The
 * bars stand in a column of their own, in front, because lines of an index are often longer than the editor is wide.
 */
import * as vscode from 'vscode';
import { floorRatio } from '../protocol/floor.js';
import { readSettings } from '../services/settings.js';
import { formatNumber, formatTimes } from '../protocol/numbers.js';
import { BAR_WIDTH, barText, isNearFloor, logFraction } from './figures.js';
import type { Lookup } from './lookup.js';
import { isIndex, type Lookups } from './lookups.js';
import { tensorNameOf } from './tensorLines.js';

/** Scrolling fires often; the bars follow when it rests. Milliseconds. */
const SETTLE = 60;
/** Around what is on screen, so that slow scrolling meets bars that are there. */
const MARGIN = 20;

export class Bars implements vscode.Disposable {
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    before: { width: `${BAR_WIDTH + 1}ch` },
    after: { margin: '0 0 0 2em' },
  });
  private readonly timers = new Map<vscode.TextEditor, NodeJS.Timeout>();
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly lookups: Lookups,
    onDidChange: vscode.Event<void>,
  ) {
    this.disposables = [
      this.decoration,
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.soon(textEditor)),
      vscode.window.onDidChangeVisibleTextEditors(() => this.all()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.all(document)),
      onDidChange(() => this.all()),
    ];
    this.all();
  }

  private all(document?: vscode.TextDocument): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (document === undefined || editor.document === document) this.soon(editor);
    }
  }

  private soon(editor: vscode.TextEditor): void {
    if (!isIndex(editor.document)) return;
    clearTimeout(this.timers.get(editor));
    this.timers.set(
      editor,
      setTimeout(() => {
        this.timers.delete(editor);
        void this.draw(editor);
      }, SETTLE),
    );
  }

  private async draw(editor: vscode.TextEditor): Promise<void> {
    const { document } = editor;
    const lookup = await this.lookups.ofDocument(document);
    if (document.isClosed) return;
    const lines = lookup === undefined ? [] : visibleLines(editor);
    editor.setDecorations(
      this.decoration,
      lines.flatMap((line) => barAt(document, line, lookup!) ?? []),
    );
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function visibleLines({ document, visibleRanges }: vscode.TextEditor): number[] {
  const lines = new Set<number>();
  for (const { start, end } of visibleRanges) {
    const last = Math.min(document.lineCount - 1, end.line + MARGIN);
    for (let line = Math.max(0, start.line - MARGIN); line <= last; line++) lines.add(line);
  }
  return [...lines];
}

function barAt(document: vscode.TextDocument, line: number, lookup: Lookup): vscode.DecorationOptions | undefined {
  const { text, range } = document.lineAt(line);
  const name = tensorNameOf(text);
  const delta = name === undefined ? undefined : lookup.tensor(name)?.deltas[lookup.ownDelta];
  const scale = lookup.range(lookup.ownDelta);
  if (!delta || delta.relative === null || scale === null) return undefined;
  const near = readSettings().roundingFloorWarnings && isNearFloor(delta);
  const ratio = floorRatio(delta);
  const words =
    delta.changed === 0
      ? 'unchanged'
      : `${formatNumber(delta.relative)}${ratio === null ? '' : ` · ${formatTimes(ratio)} floor`}`;
  const color = new vscode.ThemeColor(near || delta.changed === 0 ? 'disabledForeground' : 'charts.blue');
  const start = new vscode.Position(line, document.lineAt(line).firstNonWhitespaceCharacterIndex);
  return {
    range: new vscode.Range(start, range.end),
    renderOptions: {
      before: { contentText: barText(logFraction(delta.relative, scale.low, scale.high)) || ' ', color },
      after: { contentText: words, color },
    },
  };
}
