/** The runs on disk, newest first, with those under way on top. */
import * as vscode from 'vscode';
import { analysisOfRun } from '../engine/analyses/analyses.js';
import { formatProgress } from '../protocol/numbers.js';
import { requestKey } from '../services/checkpointPath.js';
import type { FoundRun, ResultsIndex } from '../services/resultsIndex.js';
import { progressText } from '../services/progressText.js';
import type { Job, Queue } from '../services/queue.js';
import { TreeRow } from '../services/screen.js';
import { checkpointsOf, runKindOf } from '../services/work.js';
import { agoText, distinguishing, pathsOnDisk, locationOf, runTitle } from '../services/titles.js';

export class RunNode extends TreeRow {
  /** `folder`: the end of its checkpoints' folder, where another run has the same title. */
  constructor(
    readonly run: FoundRun,
    folder?: string,
  ) {
    const title = runTitle(run);
    const when = new Date(run.startedAt);
    const state = stateText(run);
    super({
      label: title,
      description: [folder, describedSpectrum(run), state].filter(Boolean).join(' · '),
      tooltip: run.problem ?? [title, ...pathsOnDisk(run.paths), when.toLocaleString(), run.folder].join('\n'),
      spoken: [title, folder, describedSpectrum(run), state].filter(Boolean).join(', '),
      icon: iconOf(run),
    });
    this.id = run.folder;
    this.contextValue = `run.${run.state}`;
    if (run.state !== 'unreadable')
      this.command = { command: 'frankenstein.openRun', title: 'Open', arguments: [this] };
  }
}

function stateText({ state, startedAt, done }: FoundRun): string {
  if (state === 'unreadable') return 'cannot be read';
  const ago = agoText(new Date(startedAt));
  return state === 'finished' ? ago : `interrupted at ${formatProgress(done)}, ${ago}`;
}

function iconOf({ state, kind }: FoundRun): string {
  if (state === 'unreadable') return 'warning';
  if (state === 'interrupted') return 'debug-pause';
  return analysisOfRun(kind)?.icon ?? 'graph-line';
}

export class ActiveNode extends TreeRow {
  constructor(readonly job: Job) {
    const { state } = job;
    const text =
      state.kind === 'running' && state.progress !== null ? progressText(state.progress, 'short') : 'waiting';
    super({ label: job.title, description: text, spoken: `${job.title}, ${text}`, icon: 'loading~spin' });
    this.contextValue = 'run.active';
    this.command = { command: 'frankenstein.showProgress', title: 'Show', arguments: [this] };
  }
}

/** `5 min ago` grows old. Milliseconds. */
const MINUTE = 60_000;

export class RunsTree implements vscode.TreeDataProvider<vscode.TreeItem>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly timer = setInterval(() => this.changed.fire(), MINUTE).unref();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly results: ResultsIndex,
    private readonly queue: Queue,
  ) {
    results.onDidChange(() => this.changed.fire());
    queue.onDidMove(() => this.changed.fire());
  }

  getTreeItem(node: vscode.TreeItem): vscode.TreeItem {
    return node;
  }

  async getChildren(node?: vscode.TreeItem): Promise<vscode.TreeItem[]> {
    if (node !== undefined) return [];
    const { active } = this.queue;
    const underWay = new Set(active.map(keyOfJob));
    const runs = (await this.results.list()).filter((run) => run.state === 'finished' || !underWay.has(keyOfRun(run)));
    return [...active.map((job) => new ActiveNode(job)), ...runNodes(runs)];
  }

  dispose(): void {
    clearInterval(this.timer);
    this.changed.dispose();
  }
}

/** The rows of these runs; those of one title say which folder's checkpoints they are of. */
export function runNodes(runs: readonly FoundRun[]): RunNode[] {
  const folders = distinguishing(runs.map((run) => ({ title: runTitle(run), paths: pathsOnDisk(run.paths) })));
  return runs.map((run, index) => new RunNode(run, folders[index]));
}

/** Several of one lineage are told apart by how they were computed. */
function describedSpectrum({ spectrum }: FoundRun): string {
  return spectrum === undefined ? '' : [spectrum.mode, spectrum.filter].filter(Boolean).join(' ');
}

/** A run that is under way is listed once. A lineage of probes has a run per checkpoint. */
export function keyOfRun({ kind, paths }: Pick<FoundRun, 'kind' | 'paths'>): string {
  return `${kind} ${requestKey(paths.map((path) => ({ path: locationOf(path) })))}`;
}

export function keyOfJob({ request }: Pick<Job, 'request'>): string {
  return `${runKindOf(request)} ${requestKey(checkpointsOf(request))}`;
}
