/** A panel over work that runs in the queue: it follows the job, shows how far it is, and what came out or went wrong. */
import * as vscode from 'vscode';
import type { EngineApi } from '../protocol/engineApi.js';
import type {
  ComparePanelRequest,
  EvaluatePanelRequest,
  HostApi,
  PanelProgress,
  PanelState,
  ProbePanelRequest,
} from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import { checkpointsOf, keyOf, titleOf, type Job, type JobState, type Queue } from '../services/queue.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import type { SpectrumMemory } from '../services/spectrumMemory.js';
import { REFUSED, savingApi } from './hostApi.js';
import { Surface, type Focus, type Panel } from './surface.js';

export interface PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineApi;
  queue: Queue;
  results: ResultsIndex;
  spectrumMemory: SpectrumMemory;
}

/** What a finished job has for its panel. */
export type JobResult = Extract<JobState, { kind: 'finished' }>['result'];

/** The constructor calls `labels` and `hostApi`: they rest on `request` and `services` alone. */
export abstract class JobPanel<
  R extends ComparePanelRequest | ProbePanelRequest | EvaluatePanelRequest,
> implements Panel {
  protected readonly surface: Surface;
  private readonly changed = new vscode.EventEmitter<void>();
  private following: vscode.Disposable | undefined;
  private job: Job | undefined;
  private pendingFocus: Focus | undefined;
  state: PanelState;
  readonly onDidChange = this.changed.event;
  readonly onDidDispose: vscode.Event<void>;

  constructor(
    readonly view: vscode.WebviewPanel,
    public request: R,
    protected readonly services: PanelServices,
  ) {
    this.onDidDispose = view.onDidDispose;
    view.title = this.title;
    this.state = this.running(null);
    this.surface = new Surface(view, this, services.extensionUri, this.hostApi());
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
    return keyOf(this.request);
  }

  /** What is offered where the run that was shown is no longer on disk. */
  protected readonly lost: string | undefined;

  /** Starts the work, or joins it where it is already under way. A finished run on disk is back at once. */
  abstract start(): void;
  /** Shows what there is on disk: the result, or an offer to continue or to start. */
  protected abstract showStored(): Promise<void>;
  protected abstract showJobResult(result: JobResult): Promise<void> | void;

  async restore(): Promise<void> {
    const active = this.services.queue.find(this.request);
    if (active !== undefined) return this.follow(active);
    try {
      await this.showStored();
    } catch (error) {
      if (this.lost !== undefined && codeOf(error) === 'not-found') this.offer(this.lost);
      else this.fail(error);
    }
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

  /** What the checkpoints are called while the job runs. */
  protected labels(): string[] {
    return checkpointsOf(this.request).map(({ path, label }) => label ?? labelOf(path));
  }

  protected hostApi(): HostApi {
    return {
      ...REFUSED,
      ...savingApi(() => checkpointsOf(this.request).at(-1)?.path),
      ready: () => Promise.resolve(this.ready()),
      cancel: () => Promise.resolve(this.cancel()),
      retry: () => Promise.resolve(this.start()),
    };
  }

  protected follow(job: Job): void {
    this.following?.dispose();
    this.job = job;
    const listener = job.onDidChange((state) => void this.onJob(state));
    this.following = new vscode.Disposable(() => listener.dispose());
    void this.onJob(job.state);
  }

  protected set(state: PanelState): void {
    this.state = state;
    this.surface.push();
    this.changed.fire();
  }

  protected fail(error: unknown): void {
    this.set({ kind: 'failed', title: this.title, message: messageOf(error), code: codeOf(error), canRetry: true });
  }

  /** Nothing went wrong, and nothing is there to show: an offer to start or to continue. */
  protected offer(message: string, code = 'interrupted'): void {
    this.set({ kind: 'failed', title: this.title, message, code, canRetry: true });
  }

  private async onJob(state: JobState): Promise<void> {
    switch (state.kind) {
      case 'running':
        if (this.state.kind === 'running' && state.progress !== null) {
          this.state = this.running(state.progress);
          if (this.view.visible)
            void this.surface.connection.remote.progress({ progress: state.progress }).catch(() => undefined);
        } else this.set(this.running(state.progress));
        break;
      case 'failed':
        this.set({ kind: 'failed', title: this.title, message: state.message, code: state.code, canRetry: true });
        break;
      case 'finished':
        try {
          await this.showJobResult(state.result);
        } catch (error) {
          this.fail(error);
        }
        break;
    }
  }

  private running(progress: PanelProgress | null): PanelState {
    return { kind: 'running', title: this.title, labels: this.labels(), progress };
  }

  private deliverFocus(): void {
    const focus = this.pendingFocus;
    if (focus === undefined || !this.view.visible || this.state.kind === 'running' || this.state.kind === 'failed')
      return;
    void this.surface.connection.remote.focus(focus).then(
      () => {
        if (this.pendingFocus === focus) this.pendingFocus = undefined;
      },
      () => undefined, // the webview was shown anew; its `ready` delivers again
    );
  }
}
