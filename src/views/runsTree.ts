/** The runs on disk, newest first, with those under way on top. */
import * as vscode from 'vscode';
import { labelsOf, requestKey } from '../services/checkpointPath.js';
import type { FoundRun, ResultsIndex } from '../services/resultsIndex.js';
import { progressText } from '../services/progressText.js';
import { checkpointsOf, type Job, type Queue } from '../services/queue.js';

export class RunNode extends vscode.TreeItem {
  constructor(readonly run: FoundRun) {
    super(runName(run));
    const finished = run.state === 'finished';
    const when = new Date(run.startedAt);
    const unreadable = run.state === 'unreadable';
    this.id = run.folder;
    // Labels are often the roles (IN → RL), which many runs share.
    const names = labelsOf(run.paths).join(isLineage(run) ? ' → ' : ', ');
    this.description = [
      names === this.label ? '' : names,
      describedSpectrum(run),
      finished ? when.toLocaleString() : unreadable ? '' : `interrupted at ${Math.floor(run.done * 100)} %`,
    ]
      .filter(Boolean)
      .join(' · ');
    this.iconPath = new vscode.ThemeIcon(
      unreadable
        ? 'warning'
        : !finished
          ? 'debug-pause'
          : run.kind === 'compare'
            ? 'graph'
            : run.kind === 'spectrum'
              ? 'graph-scatter'
              : 'graph-line',
    );
    this.contextValue = finished ? 'run.finished' : unreadable ? 'run.unreadable' : 'run.interrupted';
    this.tooltip = run.problem ?? [...run.paths, when.toLocaleString(), run.folder].join('\n');
    if (!unreadable) this.command = { command: 'frankenstein.openRun', title: 'Open', arguments: [this] };
  }
}

class ActiveNode extends vscode.TreeItem {
  constructor(job: Job) {
    super(job.title);
    const { state } = job;
    this.description =
      state.kind === 'running' && state.progress !== null ? progressText(state.progress, 'short') : 'waiting';
    this.iconPath = new vscode.ThemeIcon('loading~spin');
    this.contextValue = 'run.active';
    this.command = { command: 'frankenstein.showProgress', title: 'Show', arguments: [] };
  }
}

export class RunsTree implements vscode.TreeDataProvider<vscode.TreeItem> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly results: ResultsIndex,
    private readonly queue: Queue,
  ) {
    results.onDidChange(() => this.changed.fire());
    queue.onDidStart((job) => {
      this.changed.fire();
      job.onDidChange(() => this.changed.fire());
    });
    queue.onDidEnd(() => this.changed.fire());
  }

  getTreeItem(node: vscode.TreeItem): vscode.TreeItem {
    return node;
  }

  async getChildren(node?: vscode.TreeItem): Promise<vscode.TreeItem[]> {
    if (node !== undefined) return [];
    const active = this.queue.active;
    const underWay = new Set(
      active.map(({ request }) =>
        keyOfPaths(
          request.kind,
          checkpointsOf(request).map(({ path }) => path),
        ),
      ),
    );
    const runs = (await this.results.list()).filter(
      (run) => run.state === 'finished' || !underWay.has(keyOfPaths(run.kind, run.paths)),
    );
    return [...active.map((job) => new ActiveNode(job)), ...runs.map((run) => new RunNode(run))];
  }
}

const PROBES = { swap: 'Vision localization', skip: 'Reasoning localization', attention: 'Attention shift' };

const EVALUATIONS = { evaluate: 'Abilities', transfer: 'Transferability', sweep: 'Sweep' };

/** What a run is called: the lineage it compares, or what it probes. */
export function runName(run: FoundRun): string {
  if (run.kind === 'evaluate' || run.kind === 'transfer' || run.kind === 'sweep')
    return `${EVALUATIONS[run.kind]}: ${run.labels.join(', ')}`;
  if (run.kind === 'spectrum') return `Geometry: ${run.labels.join(' → ')}`;
  return run.kind === 'compare'
    ? run.labels.join(' → ')
    : `${run.probe === undefined ? 'Probe' : PROBES[run.probe]}: ${run.labels.join(', ')}`;
}

/** Its checkpoints are stages, one after the other. */
function isLineage({ kind }: FoundRun): boolean {
  return kind === 'compare' || kind === 'spectrum';
}

/** Several of one lineage are told apart by how they were taken. */
function describedSpectrum({ spectrum }: FoundRun): string {
  return spectrum === undefined ? '' : [spectrum.mode, spectrum.filter].filter(Boolean).join(' ');
}

/** A run that is under way is listed once. A lineage of probes has a run per checkpoint. */
function keyOfPaths(kind: FoundRun['kind'], paths: readonly string[]): string {
  return `${kind} ${requestKey(paths.map((path) => ({ path })))}`;
}
