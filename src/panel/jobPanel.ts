/**
 * A panel over work that runs in the queue: it follows the job, shows how far it is, and what came out or went wrong.
 */
import * as vscode from 'vscode';
import type { SpectrumProgress } from '../protocol/engineApi.js';
import type { FailureAction, HostApi, JobPanelRequest, PanelProgress, PanelState } from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import type { Job, JobState, Queue } from '../services/queue.js';
import { checkpointsOf, keyOf, type JobRequest, runKindOf, titleOf } from '../services/work.js';
import { BasePanel } from './basePanel.js';
import type { Focus } from './surface.js';

/** What a finished job has for its panel. */
export type JobResult = Extract<JobState, { kind: 'finished' }>['result'];

export abstract class JobPanel<R extends JobPanelRequest> extends BasePanel<R> {
  private following: vscode.Disposable | undefined;
  private job: Job | undefined;
  private pendingFocus: Focus | undefined;
  /** The run that is offered to be continued. */
  protected offered: string | undefined;
  state: PanelState = this.running(null);

  get title(): string {
    return titleOf(this.request);
  }

  get key(): string {
    return keyOf(this.request);
  }

  override get shownRun(): string | undefined {
    return this.state.kind === 'failed' ? this.offered : this.resultRun();
  }

  /** The run of the result that is shown. */
  protected abstract resultRun(): string | undefined;

  override runDeleted(runId: string): void {
    if (this.shownRun === runId) this.offer('This run was deleted.', 'deleted');
  }

  /** What is offered where the run that was shown is no longer on disk. */
  protected readonly lost: string | undefined;

  /** Starts the work, or joins it where it is already under way. A finished run on disk is back at once. */
  abstract override start(): void;
  /** Shows what there is on disk: the result, or an offer to continue or to start. */
  protected abstract showStored(): Promise<void>;
  protected abstract showJobResult(result: JobResult): Promise<void> | void;

  /** Shows what runs or what is on disk, or offers to start, or to continue the run `runId`. */
  offerWork(_request: JobRequest, runId: string | undefined): void {
    this.offered = runId;
    void this.restore();
  }

  /** Shows a result that is finished. `request` is what was asked, and where the result is on disk. */
  async showFinished(request: JobRequest, result: JobResult): Promise<void> {
    this.request = request as R;
    if (this.resultRun() !== runIdOf(result)) await this.showJobResult(result);
  }

  /** Nobody has asked this panel for anything yet. */
  protected get isNew(): boolean {
    return this.job === undefined && this.state.kind === 'running';
  }

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

  override ready(): PanelState {
    const state = super.ready();
    setImmediate(() => this.deliverFocus());
    return state;
  }

  protected savedBeside(): string | undefined {
    return checkpointsOf(this.request).at(-1)?.path;
  }

  protected override closed(): void {
    this.following?.dispose();
    super.closed();
  }

  /** What the checkpoints are called while the job runs. */
  protected labels(): string[] {
    return checkpointsOf(this.request).map(({ path, label }) => label ?? labelOf(path));
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
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
    this.refresh();
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

/** The first run of a result of several. */
function runIdOf(result: JobResult): string | undefined {
  const first = 'results' in result ? result.results[0] : result.result;
  return first?.provenance.runId;
}

/** Codes of what is wrong with checkpoints, or with what was asked of them. */
const ABOUT_CHECKPOINTS = new Set(['mismatch', 'malformed', 'unsupported', 'not-found', 'bad-request', 'no-base']);

/** The command that asks for other checkpoints. */
function commandOf(request: JobPanelRequest): string {
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
