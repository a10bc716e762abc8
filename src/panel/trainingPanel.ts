/** Trainings as they go: their logs are looked at whenever a file changes, and from time to time where no one tells. */
import * as vscode from 'vscode';
import type { TrainingReading } from '../protocol/engineApi.js';
import type { HostApi, PanelState, TrainingPanelRequest } from '../protocol/hostApi.js';
import { messageOf } from '../services/errors.js';
import { BasePanel } from './basePanel.js';

/** Points per line: more than a small figure has pixels. */
const POINTS = 1000;
/** A trainer writes several files at once. Milliseconds. */
const SETTLE = 250;
/** Between two looks where nobody tells of changes, as on many remote file systems: soon after one, later otherwise. */
const [SOONEST, LATEST] = [2000, 15_000];
const WATCHED = '**/{*.json,*.jsonl,*.parquet,*.db,*.db-wal}';

export class TrainingPanel extends BasePanel<TrainingPanelRequest> {
  private readonly watchers: vscode.Disposable[] = [];
  private readonly abort = new AbortController();
  private reading: TrainingReading | null = null;
  private problem: string | null = null;
  private timer: NodeJS.Timeout | undefined;
  private pause = SOONEST;
  private looking = false;
  /** A file has changed during a look. */
  private again = false;

  get title(): string {
    return `Training · ${this.request.title}`;
  }

  get key(): string {
    return keyOfTraining(this.request);
  }

  get state(): PanelState {
    const { reading, problem, title } = this;
    return { kind: 'training', title, folders: this.request.folders, reading, problem };
  }

  start(): void {
    if (this.watchers.length === 0) this.watch();
    this.surface.push();
    void this.look();
  }

  restore(): Promise<void> {
    this.start();
    return Promise.resolve();
  }

  cancel(): void {
    // It follows as long as it is open.
  }

  private watch(): void {
    for (const folder of this.request.folders) {
      const watcher = vscode.workspace.createFileSystemWatcher(
        new vscode.RelativePattern(vscode.Uri.file(folder), WATCHED),
      );
      for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) event(() => this.soon());
      this.watchers.push(watcher);
    }
  }

  private soon(): void {
    this.pause = SOONEST;
    if (this.looking) this.again = true;
    else this.lookAfter(SETTLE);
  }

  private lookAfter(milliseconds: number): void {
    clearTimeout(this.timer);
    if (!this.abort.signal.aborted) this.timer = setTimeout(() => void this.look(), milliseconds);
  }

  /** What is hidden is looked at once it is shown. */
  private async look(): Promise<void> {
    if (this.looking || !this.view.visible) return;
    this.looking = true;
    this.again = false;
    const { folders } = this.request;
    const { signal } = this.abort;
    try {
      const since = this.reading?.version;
      const reading = await this.services.engine.readTraining({ folders, since, points: POINTS }, { signal });
      this.show(reading ?? this.reading, null);
    } catch (error) {
      if (!signal.aborted) this.show(this.reading, messageOf(error));
    }
    this.looking = false;
    this.lookAfter(this.again ? SETTLE : this.pause);
  }

  private show(reading: TrainingReading | null, problem: string | null): void {
    const isNew = reading !== this.reading || problem !== this.problem;
    this.pause = isNew ? SOONEST : Math.min(LATEST, this.pause * 1.5);
    if (!isNew) return;
    this.reading = reading;
    this.problem = problem;
    this.refresh();
  }

  protected savedBeside(): string | undefined {
    return this.request.folders[0];
  }

  protected override viewStateChanged(): void {
    super.viewStateChanged();
    if (this.view.visible) this.soon();
  }

  protected override closed(): void {
    this.abort.abort();
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.watchers).dispose();
    super.closed();
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
      trainingCompletions: ({ run, step }) =>
        this.services.engine.trainingCompletions({ folders: this.request.folders, run, step }),
    };
  }
}

export function keyOfTraining({ folders }: TrainingPanelRequest): string {
  return JSON.stringify(['training', folders]);
}
