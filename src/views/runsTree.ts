/** The runs on disk, newest first, with those under way on top. */
import * as vscode from 'vscode';
import { analysisOfRun } from '../engine/analyses/analyses.js';
import type { RecordedStep } from '../protocol/engineApi.js';
import { formatProgress } from '../protocol/numbers.js';
import { requestKey } from '../services/checkpointPath.js';
import type { Experiments, KnownRecord } from '../services/experiments.js';
import type { FoundRun, ResultsIndex } from '../services/resultsIndex.js';
import { progressText } from '../services/progressText.js';
import type { Job, Queue } from '../services/queue.js';
import { TreeRow } from '../services/screen.js';
import { checkpointsOf, runKindOf } from '../services/work.js';
import { agoText, distinguishing, pathsOnDisk, locationOf, runTitle } from '../services/titles.js';

export class RunNode extends TreeRow {
  /**
   * `folder`: the end of its checkpoints' folder, where another run has the same title. `name`: in its experiment,
   * where it is listed below one.
   */
  constructor(
    readonly run: FoundRun,
    folder?: string,
    name?: string,
  ) {
    const title = runTitle(run);
    const when = new Date(run.startedAt);
    const state = stateText(run);
    super({
      label: name ?? title,
      description: [name === undefined ? folder : title, describedSpectrum(run), state].filter(Boolean).join(' · '),
      tooltip: run.problem ?? [title, ...pathsOnDisk(run.paths), when.toLocaleString(), run.folder].join('\n'),
      spoken: [name, title, folder, describedSpectrum(run), state].filter(Boolean).join(', '),
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

interface Group {
  record: KnownRecord;
  /** Of each step: its run where there is one, and those that it has per training. */
  steps: { step: RecordedStep; run: FoundRun | undefined; more: FoundRun[] }[];
  runs: FoundRun[];
}

/** Experiments of which a run is listed; their runs stand below them. */
function groupsOf(records: readonly KnownRecord[], runs: readonly FoundRun[]): Group[] {
  return records
    .map((record) => {
      const steps = record.steps.map((step) => ({
        step,
        run: runs.find(({ runId }) => runId === step.runId),
        more: runs.filter(({ runId }) => step.runIds?.includes(runId)),
      }));
      return { record, steps, runs: steps.flatMap(({ run, more }) => [...(run === undefined ? [] : [run]), ...more]) };
    })
    .filter((group) => group.runs.length > 0);
}

export class ExperimentNode extends TreeRow {
  readonly children: vscode.TreeItem[];
  readonly record: KnownRecord;

  constructor({ record, steps }: Group) {
    const done = steps.filter(({ step, run }) => step.state === 'done' && (run !== undefined || step.output !== null));
    const text =
      `${done.length === steps.length ? 'done' : `${done.length} of ${steps.length} done`}, ` +
      `${agoText(new Date(record.startedAt))}`;
    super(
      {
        label: record.name,
        description: text,
        tooltip: record.file,
        spoken: `Experiment ${record.name}, ${text}`,
        icon: 'beaker',
      },
      vscode.TreeItemCollapsibleState.Collapsed,
    );
    this.record = record;
    this.id = record.folder;
    this.contextValue = 'experiment';
    this.children = steps.flatMap(({ step, run, more }) => [
      run === undefined ? stepRow(step, record.file) : stepNode(step, run),
      ...more.map((one) => stepNode(step, one)),
    ]);
  }
}

/** A run under its name in the experiment. */
function stepNode(step: RecordedStep, run: FoundRun): RunNode {
  const node = new RunNode(run, undefined, step.name);
  node.id = `${step.name} ${run.folder}`;
  return node;
}

/** What has no run of its own. */
function stepRow({ name, run, state, message }: RecordedStep, file: string): TreeRow {
  const row = new TreeRow({
    label: name,
    description: `${run} · ${state}`,
    tooltip: message ?? file,
    spoken: `${name}, ${run}, ${state}`,
    icon: state === 'failed' ? 'error' : state === 'done' ? 'check' : 'circle-outline',
  });
  row.command = { command: 'vscode.open', title: 'Open', arguments: [vscode.Uri.file(file)] };
  return row;
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
    private readonly experiments: Experiments,
  ) {
    experiments.onDidChange(() => this.changed.fire());
    results.onDidChange(() => this.changed.fire());
    queue.onDidMove(() => this.changed.fire());
  }

  getTreeItem(node: vscode.TreeItem): vscode.TreeItem {
    return node;
  }

  async getChildren(node?: vscode.TreeItem): Promise<vscode.TreeItem[]> {
    if (node !== undefined) return node instanceof ExperimentNode ? node.children : [];
    const { active } = this.queue;
    const underWay = new Set(active.map(keyOfJob));
    const runs = (await this.results.list()).filter((run) => run.state === 'finished' || !underWay.has(keyOfRun(run)));
    const groups = groupsOf(await this.experiments.list(), runs);
    const grouped = new Set(groups.flatMap((group) => group.runs));
    return [
      ...active.map((job) => new ActiveNode(job)),
      ...groups.map((group) => new ExperimentNode(group)),
      ...runNodes(runs.filter((run) => !grouped.has(run))),
    ];
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
