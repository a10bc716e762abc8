/**
 * One panel: a request, what there is to show of it, and the webview that shows it. The webview may vanish (hidden)
 * and come back with nothing at any time, so the truth is here and `ready` hands it over again.
 */
import * as vscode from 'vscode';
import type { CompareResult, EngineApi } from '../protocol/engineApi.js';
import type { HostApi, PanelApi, PanelRequest, PanelState } from '../protocol/hostApi.js';
import { connect, type Connection } from '../protocol/rpc.js';
import { labelsOf, requestKey } from '../services/checkpointPath.js';
import { titleOf, type Comparison, type Comparisons, type ComparisonState } from '../services/comparisons.js';
import { codeOf, messageOf } from '../services/errors.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import { createHostApi } from './hostApi.js';
import { localResourceRoots, panelHtml } from './html.js';

export const VIEW_TYPE = 'frankenstein.panel';

export interface PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineApi;
  comparisons: Comparisons;
  results: ResultsIndex;
}

export interface Focus {
  depth: number | null;
  tensor: string | null;
}

export class ComparePanel {
  private readonly connection: Connection<PanelApi>;
  private readonly changed = new vscode.EventEmitter<void>();
  private following: vscode.Disposable | undefined;
  private comparison: Comparison | undefined;
  private pendingFocus: Focus | undefined;
  state: PanelState;
  /** The state's kind, the title, or whether the panel is in front has changed. */
  readonly onDidChange = this.changed.event;
  readonly onDidDispose: vscode.Event<void>;

  constructor(
    readonly view: vscode.WebviewPanel,
    public request: PanelRequest,
    private readonly services: PanelServices,
  ) {
    this.onDidDispose = view.onDidDispose;
    view.iconPath = {
      light: vscode.Uri.joinPath(services.extensionUri, 'media', 'panel-light.svg'),
      dark: vscode.Uri.joinPath(services.extensionUri, 'media', 'panel-dark.svg'),
    };
    view.title = this.title;
    this.state = this.running();
    view.webview.options = { enableScripts: true, localResourceRoots: localResourceRoots(services.extensionUri) };
    this.connection = connect<HostApi, PanelApi>(
      {
        send: (message) => void view.webview.postMessage(message),
        receive: (listener) => void view.webview.onDidReceiveMessage(listener),
      },
      createHostApi(this, services),
    );
    // After `connect`: the webview's first message must find a listener.
    view.webview.html = panelHtml(view.webview, services.extensionUri, this.title);
    view.onDidChangeViewState(() => this.changed.fire());
    view.onDidDispose(() => {
      this.following?.dispose();
      this.connection.close(new Error('The panel is closed.'));
      this.changed.dispose();
    });
  }

  get title(): string {
    return titleOf(this.request);
  }

  get key(): string {
    return requestKey(this.request.stages);
  }

  get result(): CompareResult | undefined {
    return this.state.kind === 'compare' ? this.state.result : undefined;
  }

  /** Compares, or joins the comparison that is already under way. A finished one on disk is back at once. */
  start(): void {
    this.follow(this.services.comparisons.start(this.request));
  }

  /** Shows what an earlier session left: the result, or how far it came and an offer to continue. */
  async restore(): Promise<void> {
    const active = this.services.comparisons.find(this.request);
    if (active !== undefined) return this.follow(active);
    try {
      const run = await this.services.results.findRun(this.request.stages);
      if (run?.state === 'finished') await this.showResult(await this.services.results.result(run));
      else {
        const message = run === undefined ? 'The result of this comparison is no longer on disk. Compare again?' : `This comparison was interrupted at ${Math.floor(run.done * 100)} %. Continue?`;
        this.set({ kind: 'failed', title: this.title, message, code: 'interrupted', canRetry: true });
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Shows a finished comparison, cut where this panel was last cut. */
  async showResult(result: CompareResult): Promise<void> {
    const cuts = this.request.cuts;
    const shown = cuts === undefined || String(cuts) === String(result.cuts) ? result : await this.services.engine.recut({ result, cuts });
    this.set({ kind: 'compare', title: this.title, result: shown });
    this.services.results.prefer(result.provenance.runId);
  }

  async setCuts(cuts: [number, number]): Promise<void> {
    const { result } = this;
    if (result === undefined) return;
    const recut = await this.services.engine.recut({ result, cuts });
    // Another comparison may have come in meanwhile; its cuts are not these.
    if (this.result !== result) return;
    this.request = { ...this.request, cuts };
    this.set({ kind: 'compare', title: this.title, result: recut });
  }

  cancel(): void {
    this.comparison?.cancel();
  }

  /** Brings the panel to the front and selects a place in it. */
  focus(focus: Focus): void {
    this.pendingFocus = focus;
    this.view.reveal(undefined, true);
    this.deliverFocus();
  }

  /** The webview is there, perhaps again; what it should show follows by itself. */
  ready(): PanelState {
    // `show` carries the request too, which the webview keeps for the serializer.
    setImmediate(() => {
      this.push();
      this.deliverFocus();
    });
    return this.state;
  }

  private follow(comparison: Comparison): void {
    this.following?.dispose();
    this.comparison = comparison;
    const listener = comparison.onDidChange((state) => void this.onComparison(state));
    this.following = new vscode.Disposable(() => listener.dispose());
    void this.onComparison(comparison.state);
  }

  private async onComparison(state: ComparisonState): Promise<void> {
    switch (state.kind) {
      case 'running':
        if (this.state.kind === 'running' && state.progress !== null) {
          this.state = this.running(state.progress);
          if (this.view.visible) void this.connection.remote.progress({ progress: state.progress }).catch(() => undefined);
        } else this.set(this.running(state.progress));
        break;
      case 'failed':
        this.set({ kind: 'failed', title: this.title, message: state.message, code: state.code, canRetry: true });
        break;
      case 'finished':
        await this.showResult(state.result).catch((error: unknown) => this.fail(error));
        break;
    }
  }

  private running(progress: Extract<PanelState, { kind: 'running' }>['progress'] = null): PanelState {
    const labels = labelsOf(this.request.stages.map((stage) => stage.path));
    return { kind: 'running', title: this.title, labels: this.request.stages.map((stage, i) => stage.label ?? labels[i]!), progress };
  }

  private fail(error: unknown): void {
    this.set({ kind: 'failed', title: this.title, message: messageOf(error), code: codeOf(error), canRetry: true });
  }

  private set(state: PanelState): void {
    this.state = state;
    this.push();
    this.changed.fire();
  }

  private push(): void {
    // A hidden webview has no document to tell; it asks when it is shown.
    if (this.view.visible) void this.connection.remote.show({ state: this.state, request: this.request }).catch(() => undefined);
  }

  private deliverFocus(): void {
    const focus = this.pendingFocus;
    if (focus === undefined || !this.view.visible || this.state.kind !== 'compare') return;
    void this.connection.remote.focus(focus).then(
      () => {
        if (this.pendingFocus === focus) this.pendingFocus = undefined;
      },
      () => undefined, // the webview was shown anew; its `ready` delivers again
    );
  }
}
