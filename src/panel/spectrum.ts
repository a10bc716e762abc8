/**
 * The Spectrum tab's course on the host: spectra of the stages that the panel compares. It has its own job and its own
 * result; the comparison beside it may be done, under way, or never made.
 */
import * as vscode from 'vscode';
import type { FullSpectrum, SpectrumPlan, SpectrumProgress, SpectrumResult } from '../protocol/engineApi.js';
import type {
  ComparePanelRequest,
  SpectrumState,
  PanelProgress,
  SpectrumChoice,
  SpectrumJobRequest,
} from '../protocol/hostApi.js';
import { requestKey } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import { recutSpectrum } from '../protocol/recut.js';
import type { Job, JobState } from '../services/queue.js';
import { readSettings } from '../services/settings.js';
import { parseChoice } from '../services/recentSpectrum.js';
import type { PanelServices } from './basePanel.js';
import { waitingProgress } from './jobPanel.js';

/** What it needs of its panel. */
export interface SpectrumOwner {
  readonly title: string;
  request: ComparePanelRequest;
  stageLabels(): string[];
  /** To the webview, if there is one to see it. */
  sendSpectrum(state: SpectrumState, front: boolean): Promise<void>;
  /** The request has changed, and is to be remembered. */
  requestChanged(): void;
  /** The tab shows something else. */
  stateChanged(): void;
}

export interface RunLocation {
  runsFolder: string;
  runId: string;
}

export class SpectrumTab implements vscode.Disposable {
  private state: SpectrumState | undefined;
  private looking: Promise<SpectrumState> | undefined;
  private following: vscode.Disposable | undefined;
  private job: Job | undefined;
  /** The tab is to be shown, and the webview has not heard of it yet. */
  private front = false;

  constructor(
    private readonly owner: SpectrumOwner,
    private readonly services: PanelServices,
  ) {}

  /** `offer`, `running`, `failed` or `spectrum`, as the buttons of the editor's title know them. */
  get shownState(): string {
    return this.state?.kind === 'result' ? 'spectrum' : (this.state?.kind ?? 'offer');
  }

  retry(): void {
    if (this.state?.kind === 'failed') void this.start(this.state.choice);
  }

  runDeleted(runId: string): void {
    if (this.state?.kind !== 'result' || this.owner.request.spectrum?.runId !== runId) return;
    this.leave();
  }

  /** What there is to show: what runs, what is on disk, or an offer. */
  current(): Promise<SpectrumState> {
    if (this.state !== undefined) return Promise.resolve(this.state);
    return (this.looking ??= this.look().finally(() => (this.looking = undefined)));
  }

  private async look(): Promise<SpectrumState> {
    const active = this.services.queue.active.find(
      ({ request }) =>
        request.kind === 'spectrum' &&
        request.refine === undefined &&
        requestKey(request.stages) === requestKey(this.owner.request.stages),
    );
    if (active !== undefined) {
      this.follow(active);
      return this.state!;
    }
    try {
      const run = await this.services.results.ofStages(
        'spectrum',
        this.owner.request.stages,
        this.owner.request.spectrum?.runId,
      );
      if (run?.state === 'finished') {
        const result = this.cut(await this.services.results.read('spectrum', run));
        // Something newer may have come in meanwhile.
        return (this.state ??= this.resultState(result, run));
      }
      const choice =
        run === undefined
          ? this.services.recentSpectrum.choice
          : { mode: run.spectrum?.mode ?? null, filter: run.spectrum?.filter ?? '' };
      return (this.state ??= { kind: 'offer', choice, interrupted: run === undefined ? null : run.done });
    } catch (error) {
      return (this.state ??= {
        kind: 'failed',
        choice: this.services.recentSpectrum.choice,
        message: messageOf(error),
        code: codeOf(error),
      });
    }
  }

  /** Brings the tab to the front, now or as soon as the webview is there. */
  async reveal(): Promise<void> {
    this.front = true;
    await this.current();
    await this.deliver();
  }

  /** The webview is there, perhaps again. */
  async deliver(): Promise<void> {
    if (this.front && this.state !== undefined) await this.send();
  }

  async plan(choice: SpectrumChoice): Promise<SpectrumPlan> {
    const { stages, mode, filter } = this.requestOf(parseChoice(choice));
    return this.services.engine.planSpectrum({
      ...{ stages, mode, filter },
      ...this.services.queue.options(stages.map((stage) => stage.path)),
    });
  }

  /** Starts or continues; a finished one is back at once. */
  async start(asked: SpectrumChoice): Promise<void> {
    const choice = parseChoice(asked);
    await this.services.recentSpectrum.remember(choice);
    this.follow(this.services.queue.start(this.requestOf(choice)));
  }

  cancel(): void {
    this.job?.cancel();
  }

  /** From a result back to the offer, with what it was made by. */
  leave(): void {
    if (this.state?.kind !== 'result') return;
    const { mode, filter } = this.state.result;
    this.set({ kind: 'offer', choice: { mode, filter: filter ?? '' }, interrupted: null });
  }

  /** Goes on with the run that is shown; the result stays in sight until the new one is there. */
  async refine(key: string): Promise<void> {
    const shown = this.result();
    if (!shown.tensors.some(({ name, part }) => key === (part === null ? name : `${name}#${part}`)))
      throw new Error(`There is no matrix ${key} to refine.`);
    const job = this.services.queue.start({
      ...this.requestOf({ mode: shown.mode, filter: shown.filter ?? '' }),
      refine: [key],
    });
    const state = await ended(job);
    if (state.kind === 'failed') throw new Error(state.message);
    if (state.result.kind === 'spectrum' && this.state?.kind === 'result')
      await this.show(state.result.result, state.result.runsFolder);
  }

  full(
    { name, part, from }: { name: string; part: string | null; from: number },
    signal?: AbortSignal,
  ): Promise<FullSpectrum> {
    const shown = this.result();
    const location = this.owner.request.spectrum;
    const { memory, threads } = readSettings();
    const mode = shown.tensors.find((tensor) => tensor.name === name && tensor.part === part)?.spectra[from]?.mode;
    return this.services.engine.fullSpectrum(
      { name, part, from, mode, stages: this.owner.request.stages, memory, threads, ...location },
      { signal },
    );
  }

  /** A finished spectrum, from a run or from the queue. */
  show(result: SpectrumResult, runsFolder: string | undefined): Promise<void> {
    const cut = this.cut(result);
    const state = this.resultState(
      cut,
      runsFolder === undefined ? undefined : { runsFolder, runId: result.provenance.runId },
    );
    this.set(state);
    return Promise.resolve();
  }

  /** As the webview has done by itself. */
  setCuts(cuts: [number, number]): void {
    if (this.state?.kind === 'result') this.state = { ...this.state, result: recutSpectrum(this.state.result, cuts) };
  }

  private resultState(result: SpectrumResult, location: RunLocation | undefined): SpectrumState {
    const { request } = this.owner;
    if (location !== undefined && location.runId !== request.spectrum?.runId) {
      this.owner.request = { ...request, spectrum: { runsFolder: location.runsFolder, runId: location.runId } };
      this.owner.requestChanged();
    }
    return { kind: 'result', title: this.owner.title, result };
  }

  private cut(result: SpectrumResult): SpectrumResult {
    const { cuts } = this.owner.request;
    return cuts === undefined || String(cuts) === String(result.cuts) ? result : recutSpectrum(result, cuts);
  }

  private result(): SpectrumResult {
    if (this.state?.kind !== 'result') throw new Error('There is no spectrum here yet.');
    return this.state.result;
  }

  private requestOf({ mode, filter }: SpectrumChoice): SpectrumJobRequest {
    return {
      kind: 'spectrum',
      stages: this.owner.request.stages,
      ...(mode !== null && { mode }),
      ...(filter !== '' && { filter }),
    };
  }

  follow(job: Job): void {
    this.following?.dispose();
    this.job = job;
    const { queue } = this.services;
    const listeners = [
      job.onDidChange((state) => void this.onJob(job, state)),
      queue.onDidMove(() => {
        if (queue.waitingText(job) !== undefined) void this.onJob(job, job.state);
      }),
    ];
    this.following = new vscode.Disposable(() => listeners.forEach((listener) => listener.dispose()));
    void this.onJob(job, job.state);
  }

  private async onJob(job: Job, state: JobState): Promise<void> {
    const { request } = job;
    if (request.kind !== 'spectrum') return;
    switch (state.kind) {
      case 'running': {
        const progress = state.progress ?? waitingProgress(this.services.queue, job);
        this.set({
          kind: 'running',
          title: job.title,
          labels: this.owner.stageLabels(),
          progress: progress !== null && isOfSpectrum(progress) ? progress : null,
        });
        break;
      }
      case 'failed':
        this.set({
          kind: 'failed',
          choice: { mode: request.mode ?? null, filter: request.filter ?? '' },
          message: state.message,
          code: state.code,
        });
        break;
      case 'finished':
        if (state.result.kind === 'spectrum') await this.show(state.result.result, state.result.runsFolder);
        break;
    }
  }

  private set(state: SpectrumState): void {
    this.state = state;
    this.owner.stateChanged();
    void this.send();
  }

  private async send(): Promise<void> {
    const { state, front } = this;
    if (state === undefined) return;
    try {
      await this.owner.sendSpectrum(state, front);
      this.front = false;
    } catch {
      // The webview is hidden or was shown anew: it asks, and `deliver` comes again.
    }
  }

  dispose(): void {
    this.following?.dispose();
  }
}

function isOfSpectrum(progress: PanelProgress): progress is SpectrumProgress {
  return 'totalMatrices' in progress;
}

function ended(job: Job): Promise<Extract<JobState, { kind: 'failed' | 'finished' }>> {
  return new Promise((resolve) => {
    const look = (state: JobState) => {
      if (state.kind !== 'running') resolve(state);
    };
    job.onDidChange(look);
    look(job.state);
  });
}
