/** One comparison's panel: a request, and what there is to show of it. */
import * as vscode from 'vscode';
import type { CompareResult, EngineApi } from '../protocol/engineApi.js';
import type { ComparePanelRequest, PanelProgress, PanelState } from '../protocol/hostApi.js';
import { labelsOf, requestKey } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import { titleOf, type Job, type JobState, type Queue } from '../services/queue.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import { createHostApi } from './hostApi.js';
import { Surface, type Focus, type Panel } from './surface.js';

export interface PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineApi;
  queue: Queue;
  results: ResultsIndex;
}

export class ComparePanel implements Panel {
  private readonly surface: Surface;
  private readonly changed = new vscode.EventEmitter<void>();
  private following: vscode.Disposable | undefined;
  private job: Job | undefined;
  private pendingFocus: Focus | undefined;
  state: PanelState;
  readonly onDidChange = this.changed.event;
  readonly onDidDispose: vscode.Event<void>;

  constructor(
    readonly view: vscode.WebviewPanel,
    public request: ComparePanelRequest,
    private readonly services: PanelServices,
  ) {
    this.onDidDispose = view.onDidDispose;
    view.title = this.title;
    this.state = this.running();
    this.surface = new Surface(view, this, services.extensionUri, createHostApi(this, services));
    view.onDidChangeViewState(() => this.changed.fire());
    view.onDidDispose(() => {
      this.following?.dispose();
      this.surface.dispose();
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
    this.follow(this.services.queue.start(this.request));
  }

  /** Shows what an earlier session left: the result, or how far it came and an offer to continue. */
  async restore(): Promise<void> {
    const active = this.services.queue.find(this.request);
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
    this.job?.cancel();
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
      this.surface.push();
      this.deliverFocus();
    });
    return this.state;
  }

  private follow(job: Job): void {
    this.following?.dispose();
    this.job = job;
    const listener = job.onDidChange((state) => void this.onJob(state));
    this.following = new vscode.Disposable(() => listener.dispose());
    void this.onJob(job.state);
  }

  private async onJob(state: JobState): Promise<void> {
    switch (state.kind) {
      case 'running':
        if (this.state.kind === 'running' && state.progress !== null) {
          this.state = this.running(state.progress);
          if (this.view.visible) void this.surface.connection.remote.progress({ progress: state.progress }).catch(() => undefined);
        } else this.set(this.running(state.progress));
        break;
      case 'failed':
        this.set({ kind: 'failed', title: this.title, message: state.message, code: state.code, canRetry: true });
        break;
      case 'finished':
        if (state.result.kind === 'compare') await this.showResult(state.result.result).catch((error: unknown) => this.fail(error));
        break;
    }
  }

  private running(progress: PanelProgress | null = null): PanelState {
    const labels = labelsOf(this.request.stages.map((stage) => stage.path));
    return { kind: 'running', title: this.title, labels: this.request.stages.map((stage, i) => stage.label ?? labels[i]!), progress };
  }

  private fail(error: unknown): void {
    this.set({ kind: 'failed', title: this.title, message: messageOf(error), code: codeOf(error), canRetry: true });
  }

  private set(state: PanelState): void {
    this.state = state;
    this.surface.push();
    this.changed.fire();
  }

  private deliverFocus(): void {
    const focus = this.pendingFocus;
    if (focus === undefined || !this.view.visible || this.state.kind !== 'compare') return;
    void this.surface.connection.remote.focus(focus).then(
      () => {
        if (this.pendingFocus === focus) this.pendingFocus = undefined;
      },
      () => undefined, // the webview was shown anew; its `ready` delivers again
    );
  }
}
