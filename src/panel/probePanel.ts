/** One panel of probes: what was asked, how far it is, and what came out. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { ProbeResult } from '../protocol/engineApi.js';
import type { HostApi, PanelProgress, PanelState, ProbePanelRequest } from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf, messageOf } from '../services/errors.js';
import { pictureBelow } from '../services/pictures.js';
import { checkpointsOf, keyOf, titleOf, type Job, type JobState } from '../services/queue.js';
import type { PanelServices } from './comparePanel.js';
import { REFUSED, savingApi } from './hostApi.js';
import { Surface, type Focus, type Panel } from './surface.js';

export class ProbePanel implements Panel {
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
    public request: ProbePanelRequest,
    private readonly services: PanelServices,
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

  get results(): readonly ProbeResult[] {
    return this.state.kind === 'probe' ? this.state.results : [];
  }

  start(): void {
    const { kind, probes } = this.request;
    this.follow(this.services.queue.start({ kind, probes }));
  }

  async restore(): Promise<void> {
    const active = this.services.queue.find(this.request);
    if (active !== undefined) return this.follow(active);
    const { runs } = this.request;
    if (runs === undefined) {
      this.set({ kind: 'failed', title: this.title, message: 'This probe was interrupted. Continue?', code: 'interrupted', canRetry: true });
      return;
    }
    try {
      this.showResults(await Promise.all(runs.map((run) => this.services.engine.readProbe(run))));
    } catch (error) {
      if (codeOf(error) === 'not-found') this.set({ kind: 'failed', title: this.title, message: 'The result of this probe is no longer on disk. Probe again?', code: 'interrupted', canRetry: true });
      else this.fail(error);
    }
  }

  showResults(results: ProbeResult[]): void {
    this.set({ kind: 'probe', title: this.title, results });
  }

  cancel(): void {
    this.job?.cancel();
  }

  /** Brings the panel to the front and selects a layer in it. */
  focus(focus: Focus): void {
    this.pendingFocus = focus;
    this.view.reveal(undefined, true);
    this.deliverFocus();
  }

  private hostApi(): HostApi {
    return {
      ...REFUSED,
      ...savingApi(() => checkpointsOf(this.request).at(-1)?.path),
      ready: () => {
        setImmediate(() => {
          this.surface.push();
          this.deliverFocus();
        });
        return Promise.resolve(this.state);
      },
      cancel: () => Promise.resolve(this.cancel()),
      retry: () => Promise.resolve(this.start()),
      picture: async ({ result: index, sample: id, which }) => {
        const result = this.results[index];
        const name = result && pictureName(result, id, which);
        if (name === undefined || name === '') throw new Error('This sample has no such picture.');
        return pictureBelow(await folderOfData(result!.data), name);
      },
    };
  }

  private follow(job: Job): void {
    this.following?.dispose();
    this.job = job;
    const listener = job.onDidChange((state) => this.onJob(state));
    this.following = new vscode.Disposable(() => listener.dispose());
    this.onJob(job.state);
  }

  private onJob(state: JobState): void {
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
      case 'finished': {
        const { result } = state;
        if (result.kind !== 'probe') break;
        const { runsFolder } = result;
        if (runsFolder !== undefined) this.request = { ...this.request, runs: result.results.map(({ provenance }) => ({ runsFolder, runId: provenance.runId })) };
        this.showResults(result.results);
        break;
      }
    }
  }

  private running(progress: PanelProgress | null): PanelState {
    return { kind: 'running', title: this.title, labels: checkpointsOf(this.request).map(({ path: place, label }) => label ?? labelOf(place)), progress };
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
    if (focus === undefined || !this.view.visible || this.state.kind !== 'probe') return;
    void this.surface.connection.remote.focus(focus).then(
      () => {
        if (this.pendingFocus === focus) this.pendingFocus = undefined;
      },
      () => undefined, // the webview was shown anew; its `ready` delivers again
    );
  }
}

function pictureName(result: ProbeResult, id: string, which: 'target' | 'source' | 'image'): string | undefined {
  switch (result.kind) {
    case 'swap': {
      const sample = result.samples.find((one) => one.id === id);
      return which === 'target' ? sample?.targetImage : which === 'source' ? sample?.sourceImage : undefined;
    }
    case 'attention':
      return which === 'image' ? result.samples.find((one) => one.id === id)?.image : undefined;
    case 'skip':
      return undefined;
  }
}

/** Pictures are named relative to the folder of the data, which may be a file or a folder of files. */
async function folderOfData(data: string): Promise<string> {
  const facts = await Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(data))).catch(() => undefined);
  return facts !== undefined && (facts.type & vscode.FileType.Directory) !== 0 ? data : path.dirname(data);
}
