/** What every panel does alike: it owns a tab, shows its state there, and tells when that changes. */
import * as vscode from 'vscode';
import type { EngineApi } from '../protocol/engineApi.js';
import type { HostApi, PanelRequest, PanelState } from '../protocol/hostApi.js';
import type { Queue } from '../services/queue.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import type { RecentSpectrum } from '../services/recentSpectrum.js';
import type { TensorDocuments } from '../services/tensorDocuments.js';
import { REFUSED, savingApi } from './hostApi.js';
import { type Panel, Surface } from './surface.js';

export interface PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineApi;
  queue: Queue;
  results: ResultsIndex;
  recentSpectrum: RecentSpectrum;
  tensorDocuments: TensorDocuments;
}

/** The constructor calls `title` and `hostApi`, before a subclass has fields: they rest on `request` alone. */
export abstract class BasePanel<R extends PanelRequest> implements Panel {
  protected readonly surface: Surface;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  readonly onDidDispose: vscode.Event<void>;

  constructor(
    readonly view: vscode.WebviewPanel,
    public request: R,
    protected readonly services: PanelServices,
  ) {
    this.onDidDispose = view.onDidDispose;
    view.title = (this as Panel).title; // a getter in every subclass
    this.surface = new Surface(view, this, services.extensionUri, this.hostApi());
    view.onDidChangeViewState(() => this.viewStateChanged());
    view.onDidDispose(() => this.closed());
  }

  abstract readonly title: string;
  abstract readonly key: string;
  abstract readonly state: PanelState;
  abstract start(): void;
  abstract cancel(): void;
  abstract restore(): Promise<void>;
  /** A file or folder to save next to where no folder is open. */
  protected abstract savedBeside(): string | undefined;

  get shownState(): string {
    return this.state.kind;
  }

  /** Of a panel that shows no run: none. */
  get shownRun(): string | undefined {
    return undefined;
  }

  /** What the panel is opened for, perhaps again. */
  begin(_request: unknown): void {
    this.start();
  }

  retry(): void {
    this.start();
  }

  runDeleted(_runId: string): void {
    // Of a panel that shows no run: nothing is lost.
  }

  /** The webview is there, perhaps again. */
  ready(): PanelState {
    // The webview keeps the request for the serializer, and only `show` carries it.
    setImmediate(() => this.surface.push());
    return this.state;
  }

  /** What the webview may ask for. */
  protected hostApi(): HostApi {
    return { ...REFUSED, ...savingApi(() => this.savedBeside()), ready: () => Promise.resolve(this.ready()) };
  }

  /** Shows the state, and says that it is another. */
  protected refresh(): void {
    this.surface.push();
    this.changed.fire();
  }

  /** What is in sight has changed, without the state. */
  stateChanged(): void {
    this.changed.fire();
  }

  protected viewStateChanged(): void {
    this.changed.fire();
  }

  /** The tab is gone. */
  protected closed(): void {
    this.surface.dispose();
    this.changed.dispose();
  }
}
