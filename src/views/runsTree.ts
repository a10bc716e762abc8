/** The runs on disk, newest first, with those under way on top. */
import * as vscode from 'vscode';
import { labelsOf } from '../services/checkpointPath.js';
import type { FoundRun, ResultsIndex } from '../services/resultsIndex.js';
import type { Comparison, Comparisons } from '../services/comparisons.js';
import { progressText } from '../services/progressText.js';

export class RunNode extends vscode.TreeItem {
  constructor(readonly run: FoundRun) {
    super(run.labels.join(' → '));
    const finished = run.state === 'finished';
    const when = new Date(run.startedAt);
    this.id = run.folder;
    // Labels are often the roles (IN → RL), which many runs share.
    const names = labelsOf(run.paths).join(' → ');
    this.description = [names === this.label ? '' : names, finished ? when.toLocaleString() : `interrupted at ${Math.floor(run.done * 100)} %`].filter(Boolean).join(' · ');
    this.iconPath = new vscode.ThemeIcon(finished ? 'graph' : 'debug-pause');
    this.contextValue = finished ? 'run.finished' : 'run.interrupted';
    this.tooltip = [...run.paths, when.toLocaleString(), run.folder].join('\n');
    this.command = { command: 'frankenstein.openRun', title: 'Open', arguments: [this] };
  }
}

class ActiveNode extends vscode.TreeItem {
  constructor(comparison: Comparison) {
    super(comparison.title);
    const { state } = comparison;
    this.description = state.kind === 'running' && state.progress !== null ? progressText(state.progress, 'short') : 'waiting';
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
    private readonly comparisons: Comparisons,
  ) {
    results.onDidChange(() => this.changed.fire());
    comparisons.onDidStart((comparison) => {
      this.changed.fire();
      comparison.onDidChange(() => this.changed.fire());
    });
    comparisons.onDidEnd(() => this.changed.fire());
  }

  getTreeItem(node: vscode.TreeItem): vscode.TreeItem {
    return node;
  }

  async getChildren(node?: vscode.TreeItem): Promise<vscode.TreeItem[]> {
    if (node !== undefined) return [];
    const active = this.comparisons.active;
    const titles = new Set(active.map((comparison) => comparison.title));
    const runs = (await this.results.list()).filter((run) => run.state === 'finished' || !titles.has(run.labels.join(' → ')));
    return [...active.map((comparison) => new ActiveNode(comparison)), ...runs.map((run) => new RunNode(run))];
  }
}
