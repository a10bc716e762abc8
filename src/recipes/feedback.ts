/** What the engine says of each open recipe and plan: asked once per version of the text, kept until the next. */
import * as vscode from 'vscode';
import type { EngineApi, ExperimentFeedback, PlanFeedback, RecipeFeedback } from '../protocol/engineApi.js';
import { isCancelled, messageOf } from '../services/errors.js';

export const RECIPE: vscode.DocumentSelector = { language: 'frankenstein-recipe', scheme: 'file' };

/** Plans of frozen trainings: checked like recipes, but no checkpoint. */
export const PLAN: vscode.DocumentSelector = { language: 'frankenstein-freeze', scheme: 'file' };

/** Whole experiments. */
export const EXPERIMENT: vscode.DocumentSelector = { language: 'frankenstein-experiment', scheme: 'file' };

const CHECKED: ReadonlySet<string> = new Set(['frankenstein-recipe', 'frankenstein-freeze', 'frankenstein-experiment']);

export function isRecipe(document: vscode.TextDocument): boolean {
  return document.languageId === 'frankenstein-recipe' && document.uri.scheme === 'file';
}

/** Whether the engine says what is wrong with it. */
export function isChecked(document: vscode.TextDocument): boolean {
  return CHECKED.has(document.languageId) && document.uri.scheme === 'file';
}

/** Milliseconds without a key pressed before the checkpoints are asked. */
const PAUSE = 250;

export type Found = RecipeFeedback | PlanFeedback | ExperimentFeedback;

interface Entry {
  version: number;
  feedback: Promise<Found | undefined>;
  abort: AbortController;
}

export class Feedback implements vscode.Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly changed = new vscode.EventEmitter<vscode.TextDocument>();
  private readonly disposables: vscode.Disposable[];
  /** A document has been checked anew. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly engine: Pick<EngineApi, 'checkRecipe'>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.disposables = [
      this.changed,
      vscode.workspace.onDidOpenTextDocument((document) => this.schedule(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.schedule(document, PAUSE)),
      // What a recipe names may be another recipe that has just been saved.
      vscode.workspace.onDidSaveTextDocument((document) => {
        // What an experiment names may have come or gone.
        if (isChecked(document) && !isRecipe(document)) this.again(document);
        if (!isRecipe(document)) return;
        for (const other of vscode.workspace.textDocuments) if (isRecipe(other)) this.again(other);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.forget(document)),
    ];
    for (const document of vscode.workspace.textDocuments) this.schedule(document, 0);
  }

  /** For the text as it is now; undefined when the engine could not say. */
  of(document: vscode.TextDocument): Promise<Found | undefined> {
    const key = document.uri.toString();
    const known = this.entries.get(key);
    if (known?.version === document.version) return known.feedback;
    known?.abort.abort();
    const abort = new AbortController();
    const feedback = this.engine
      .checkRecipe({ file: document.uri.fsPath, text: document.getText() }, { signal: abort.signal })
      .then(
        (found) => found,
        (error: unknown) => {
          if (!isCancelled(error)) this.log.error(`${document.uri.fsPath}: ${messageOf(error)}`);
          return undefined;
        },
      );
    this.entries.set(key, { version: document.version, feedback, abort });
    return feedback;
  }

  /** Checkpoints may have come or gone. */
  again(document: vscode.TextDocument): void {
    this.forget(document);
    this.schedule(document, 0);
  }

  private schedule(document: vscode.TextDocument, after: number): void {
    if (!isChecked(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        if (document.isClosed) return;
        const { version } = document;
        void this.of(document).then(() => {
          if (!document.isClosed && document.version === version) this.changed.fire(document);
        });
      }, after),
    );
  }

  private forget(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    this.entries.get(key)?.abort.abort();
    this.entries.delete(key);
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const { abort } of this.entries.values()) abort.abort();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

export function rangeOf(
  document: vscode.TextDocument,
  { offset, length }: { offset: number; length: number },
): vscode.Range {
  return new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
}
