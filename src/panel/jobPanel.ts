/** A panel over work that runs in the queue: it follows the job, shows how far it is, and what came out or went wrong. */
import * as vscode from 'vscode';
import type { EngineApi, SpectrumProgress } from '../protocol/engineApi.js';
import type {
  FailureAction,
  FreezePanelRequest,
  HostApi,
  PanelProgress,
  PanelRequest,
  PanelState,
  TryPanelRequest,
} from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import type { Job, JobState, Queue } from '../services/queue.js';
import { checkpointsOf, keyOf, runKindOf, titleOf } from '../services/work.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import type { TensorDocuments } from '../services/tensorDocuments.js';
import type { SpectrumMemory } from '../services/spectrumMemory.js';
import { REFUSED, savingApi } from './hostApi.js';
import { Surface, type Focus, type Panel } from './surface.js';

export interface PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineApi;
  queue: Queue;
  results: ResultsIndex;
  spectrumMemory: SpectrumMemory;
  tensorDocuments: TensorDocuments;
}

/** What a finished job has for its panel. */
export type JobResult = Extract<JobState, { kind: 'finished' }>['result'];

/** The constructor calls `labels` and `hostApi`: they rest on `request` and `services` alone. */
export abstract class JobPanel<R extends Exclude<PanelRequest, TryPanelRequest | FreezePanelRequest>> implements Panel {
  protected readonly surface: Surface;
  private readonly changed = new vscode.EventEmitter<void>();
  private following: vscode.Disposable | undefined;
  private job: Job | undefined;
  private pendingFocus: Focus | undefined;
  /** The run that is offered to be continued. */
  offered: string | undefined;
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

  get shownState(): string {
    return this.state.kind;
  }

  get shownRun(): string | undefined {
    return this.state.kind === 'failed' ? this.offered : this.resultRun();
  }

  /** The run of the result that is shown. */
  protected abstract resultRun(): string | undefined;

  retry(): void {
    this.start();
  }

  runDeleted(runId: string): void {
    if (this.shownRun === runId) this.offer('This run was deleted.', 'deleted');
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
      act: async ({ action }) => {
        await this.act(action);
      },
      tabShown: () => Promise.resolve(),
    };
  }

  protected follow(job: Job): void {
    this.following?.dispose();
    this.job = job;
    const listeners = [
      job.onDidChange((state) => void this.onJob(state)),
      // One that waits says for what, and how far that is.
      this.services.queue.onDidMove(() => {
        if (this.services.queue.waitingText(job) !== undefined) void this.onJob(job.state);
      }),
    ];
    this.following = new vscode.Disposable(() => listeners.forEach((listener) => listener.dispose()));
    void this.onJob(job.state);
  }

  protected set(state: PanelState): void {
    this.state = state;
    this.surface.push();
    this.changed.fire();
  }

  /** What is in sight has changed, without the state. */
  stateChanged(): void {
    this.changed.fire();
  }

  protected fail(error: unknown): void {
    this.set(this.failed(messageOf(error), codeOf(error)));
  }

  /** Trying again may help once a file is whole; what is wrong with checkpoints has other ways on as well. */
  private failed(message: string, code: string): PanelState {
    const actions: FailureAction[] =
      code === 'cancelled' ? [] : ABOUT_CHECKPOINTS.has(code) ? ['choose', 'inspect', 'log'] : ['log'];
    return { kind: 'failed', title: this.title, message, code, canRetry: true, actions };
  }

  private async act(action: FailureAction): Promise<void> {
    switch (action) {
      case 'log':
        await vscode.commands.executeCommand('frankenstein.showLog');
        break;
      case 'choose':
        await vscode.commands.executeCommand(commandOf(this.request));
        break;
      case 'inspect': {
        const { state } = this;
        const paths = checkpointsOf(this.request).map(({ path }) => path);
        const meant = paths.find((path) => state.kind === 'failed' && state.message.includes(path));
        await vscode.commands.executeCommand('frankenstein.inspect', meant ?? paths[0]);
        break;
      }
    }
  }

  /** Nothing went wrong, and nothing is there to show: an offer to start or to continue. */
  protected offer(message: string, code = 'interrupted'): void {
    this.set({ kind: 'failed', title: this.title, message, code, canRetry: true });
  }

  private async onJob(state: JobState): Promise<void> {
    switch (state.kind) {
      case 'running':
        this.showProgress(state.progress ?? waitingProgress(this.services.queue, this.job));
        break;
      case 'failed':
        this.set(this.failed(state.message, state.code));
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

  private showProgress(progress: PanelProgress | null): void {
    if (this.state.kind !== 'running' || progress === null) return this.set(this.running(progress));
    this.state = this.running(progress);
    if (this.view.visible) void this.surface.connection.remote.progress({ progress }).catch(() => undefined);
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

/** Codes of what is wrong with checkpoints, or with what was asked of them. */
const ABOUT_CHECKPOINTS = new Set(['mismatch', 'malformed', 'unsupported', 'not-found', 'bad-request', 'no-base']);

/** The command that asks for other checkpoints. */
function commandOf(request: Exclude<PanelRequest, TryPanelRequest | FreezePanelRequest>): string {
  return request.kind === 'compare' ? 'frankenstein.compareLineage' : `frankenstein.${runKindOf(request)}`;
}

/** What a job that waits for its turn shows for progress: for what, and how far that is. */
export function waitingProgress(queue: Queue, job: Job | undefined): SpectrumProgress | null {
  const phase = job && queue.waitingText(job);
  if (phase === undefined) return null;
  return {
    phase,
    doneBytes: 0,
    totalBytes: 0,
    doneMatrices: 0,
    totalMatrices: 0,
    remainingSeconds: null,
    tensor: null,
  };
}
