/**
 * What became of a freeze experiment: whether frozen weights stayed, or the report. Verifying reads weights in the
 * queue's turn. A report is an evaluation, which runs in the queue like any other and is kept as a run, and arithmetic.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { EvaluateResult } from '../protocol/engineApi.js';
import type { FreezePanelRequest, HostApi, PanelProgress, PanelState } from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import type { Job, JobState } from '../services/queue.js';
import { BasePanel } from './basePanel.js';
import { waitingProgress } from './jobPanel.js';
import { readStoredReport } from './storedReport.js';

export class FreezePanel extends BasePanel<FreezePanelRequest> {
  private abort: AbortController | undefined;
  private job: Job | undefined;
  state: PanelState = this.running(null);

  get title(): string {
    return titleOf(this.request);
  }

  get key(): string {
    return keyOfFreeze(this.request);
  }

  follows(job: Job): boolean {
    return this.job === job;
  }

  /** Anew where the panel is there already. */
  override begin(request: FreezePanelRequest): void {
    this.request = request;
    this.start();
  }

  start(): void {
    void this.run();
  }

  cancel(): void {
    this.abort?.abort();
    this.job?.cancel();
  }

  /** What is stored is shown, and nothing starts unasked: a checkpoint may have changed since. */
  async restore(): Promise<void> {
    if (this.request.task === 'stored') return this.run();
    const stored = this.request.task === 'verify' ? await this.verifiedBefore(this.request.experiment) : undefined;
    const message = this.request.task === 'verify' ? 'Verify again?' : 'Report again? What was answered is kept.';
    this.set(stored ?? { kind: 'failed', title: this.title, message, code: 'interrupted', canRetry: true });
  }

  /** Undefined where a result was not verified yet, or has changed since. */
  private async verifiedBefore(experiment: string): Promise<PanelState | undefined> {
    const { queue, engine } = this.services;
    const { runsFolder } = queue.options([experiment]);
    const result = await engine.verifyFrozen({ experiment, runsFolder, storedOnly: true }).catch(() => undefined);
    return result && { kind: 'verification', title: this.title, result };
  }

  private async run(): Promise<void> {
    if (this.abort !== undefined) return;
    const abort = (this.abort = new AbortController());
    this.set(this.running(null));
    try {
      this.set(await this.answered(abort.signal));
    } catch (error) {
      const code = abort.signal.aborted ? 'cancelled' : codeOf(error);
      this.set({
        kind: 'failed',
        title: this.title,
        message: code === 'cancelled' && this.request.task === 'verify' ? 'Cancelled.' : messageOf(error),
        code,
        canRetry: true,
        actions: code === 'cancelled' ? [] : ['log'],
      });
    } finally {
      this.abort = undefined;
      this.job = undefined;
    }
  }

  private async answered(signal: AbortSignal): Promise<PanelState> {
    const { request, title } = this;
    if (request.task === 'verify') return this.verified(request.experiment, signal);
    if (request.task === 'report') return this.reported(request, signal);
    return { kind: 'freezeReport', title, report: await readStoredReport(request.file), waiting: [] };
  }

  private async verified(experiment: string, signal: AbortSignal): Promise<PanelState> {
    const { queue, engine } = this.services;
    const [busy] = queue.active;
    if (busy !== undefined) this.showProgress({ phase: `Waiting for ${busy.title}`, ...NOTHING_DONE });
    const result = await queue.inTurn(
      () =>
        engine.verifyFrozen(
          { experiment, runsFolder: queue.options([experiment]).runsFolder },
          { signal, progress: (progress) => this.showProgress(progress) },
        ),
      signal,
    );
    return { kind: 'verification', title: this.title, result };
  }

  private async reported(
    request: Extract<FreezePanelRequest, { task: 'report' }>,
    signal: AbortSignal,
  ): Promise<PanelState> {
    const { queue, engine } = this.services;
    const { experiment } = request;
    const { runsFolder } = queue.options([experiment]);
    const { checkpoints, runs, waiting, doubts } = await engine.reportStages({ experiment, runsFolder }, { signal });
    const job = queue.start({ kind: 'evaluate', evaluation: { checkpoints, ...request.evaluation } });
    this.job = job;
    if (signal.aborted) job.cancel();
    const evaluation = await this.ended(job);
    const report = await engine.freezeReport({ evaluation, runs, doubts, margin: request.margin });
    return { kind: 'freezeReport', title: this.title, report, waiting };
  }

  /** The result of an evaluation that may be under way, shown on its way there. */
  private ended(job: Job): Promise<EvaluateResult> {
    const { queue } = this.services;
    return new Promise((resolve, reject) => {
      const listeners: { dispose(): void }[] = [];
      const see = (state: JobState) => {
        if (state.kind === 'running')
          return this.showProgress(state.progress ?? waitingProgress(queue, job) ?? { phase: '', ...NOTHING_DONE });
        for (const listener of listeners) listener.dispose();
        if (state.kind === 'failed') return reject(Object.assign(new Error(state.message), { code: state.code }));
        if (state.result.kind === 'evaluate') resolve(state.result.result);
      };
      listeners.push(
        job.onDidChange(see),
        queue.onDidMove(() => {
          if (queue.waitingText(job) !== undefined) see(job.state);
        }),
      );
      see(job.state);
    });
  }

  protected savedBeside(): string | undefined {
    return locationsOf(this.request).at(-1);
  }

  protected override closed(): void {
    // An evaluation is anybody's, and goes on; verifying is this panel's.
    if (this.request.task === 'verify') this.abort?.abort();
    super.closed();
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
      cancel: () => Promise.resolve(this.cancel()),
      retry: () => Promise.resolve(this.start()),
      act: async () => {
        await vscode.commands.executeCommand('frankenstein.showLog');
      },
      skipBadLines: () => {
        const { request } = this;
        if (request.task === 'report')
          this.request = { ...request, evaluation: { ...request.evaluation, badLines: 'skip' } };
        return Promise.resolve(this.start());
      },
    };
  }

  private showProgress(progress: PanelProgress): void {
    if (this.state.kind !== 'running') return;
    this.state = this.running(progress);
    if (this.view.visible) void this.surface.connection.remote.progress({ progress }).catch(() => undefined);
  }

  private running(progress: PanelProgress | null): PanelState {
    return { kind: 'running', title: this.title, labels: locationsOf(this.request).map(labelOf), progress };
  }

  private set(state: PanelState): void {
    this.state = state;
    this.refresh();
  }
}

const NOTHING_DONE = { doneBytes: 0, totalBytes: 0, remainingSeconds: null, tensor: null };

export function keyOfFreeze(request: FreezePanelRequest): string {
  switch (request.task) {
    case 'verify':
      return JSON.stringify(['freeze', 'verify', request.experiment]);
    case 'report':
      return JSON.stringify(['freeze', 'report', request.experiment, request.evaluation.data]);
    case 'stored':
      return JSON.stringify(['freeze', 'stored', request.file]);
  }
}

/** Folders that it reads. */
export function locationsOf(request: FreezePanelRequest): string[] {
  return [request.task === 'stored' ? path.dirname(request.file) : request.experiment];
}

function titleOf(request: FreezePanelRequest): string {
  const [location] = locationsOf(request);
  return `${request.task === 'verify' ? 'Frozen?' : 'Necessary?'} · ${path.basename(location!)}`;
}
