/** The open panels, one per comparison, probe or trial; how they open, and how they come back after a reload. */
import * as vscode from 'vscode';
import type {
  FreezePanelRequest,
  JobPanelRequest,
  PanelRequest,
  TrainingPanelRequest,
  TryPanelRequest,
} from '../protocol/hostApi.js';
import type { Store } from '../services/recentQuestions.js';
import type { Job } from '../services/queue.js';
import { checkpointsOf, keyOf, type JobRequest } from '../services/work.js';
import { showError, showInformation } from '../services/screen.js';
import { distinguishing } from '../services/titles.js';
import { AnalysisPanel } from './analysisPanel.js';
import type { PanelServices } from './basePanel.js';
import { ComparePanel } from './comparePanel.js';
import { EvaluatePanel } from './evaluatePanel.js';
import { FreezePanel, keyOfFreeze, locationsOf } from './freezePanel.js';
import type { JobPanel, JobResult } from './jobPanel.js';
import { parseMemory } from './memory.js';
import { ProbePanel } from './probePanel.js';
import { TrajectoryPanel } from './trajectoryPanel.js';
import { VIEW_TYPE, type Panel } from './surface.js';
import { keyOfTraining, TrainingPanel } from './trainingPanel.js';
import { keyOfTrial, TryPanel } from './tryPanel.js';

/** The panel of every kind of request. */
const PANELS = {
  compare: ComparePanel,
  probe: ProbePanel,
  evaluate: EvaluatePanel,
  analysis: AnalysisPanel,
  freeze: FreezePanel,
  try: TryPanel,
  training: TrainingPanel,
} satisfies Record<PanelRequest['kind'], unknown>;

/** What a panel is opened for: work, or what has no run of its own. */
type Opened = JobRequest | FreezePanelRequest | TryPanelRequest | TrainingPanelRequest;

type PanelClass = new (...given: [vscode.WebviewPanel, PanelRequest, PanelServices]) => Panel;

/** Analyses whose panel does more than show a report. */
const OWN_PANELS: Partial<Record<string, typeof AnalysisPanel>> = { trajectory: TrajectoryPanel };

/** Spectra have no panel of their own: they are a tab of the panel that compares the same stages. */
type PanelOf<K extends JobRequest['kind'] | 'freeze' | 'try' | 'training'> = InstanceType<
  (typeof PANELS)[K extends 'spectrum' ? 'compare' : K]
>;

function panelRequestOf(request: Opened): PanelRequest {
  return request.kind === 'spectrum' ? { kind: 'compare', stages: request.stages } : request;
}

export class Panels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  /** Looked up by the key each has now: a panel may be asked to do its work otherwise. */
  private readonly shown = new Set<Panel>();
  private readonly disposables: vscode.Disposable[];

  /** What ran when the window was closed or reloaded: a panel of that moment may come back with nothing. */
  private readonly lost: PanelRequest[];

  constructor(
    private readonly services: PanelServices,
    private readonly store: Store,
  ) {
    const running: unknown = store.get(RUNNING);
    this.lost = (Array.isArray(running) ? running : []).flatMap(
      (request: unknown) => parseMemory({ request })?.request ?? [],
    );
    this.disposables = [vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this)];
    services.queue.onDidStart(() => this.keepRunning());
    services.queue.onDidEnd((job) => {
      this.keepRunning();
      this.tellIfUnseen(job);
    });
  }

  private keepRunning(): void {
    const requests = this.services.queue.active.map(({ request }) => panelRequestOf(request));
    void this.store.update(RUNNING, requests);
  }

  /** The panel in front. */
  get active(): Panel | undefined {
    return [...this.shown].find((panel) => panel.view.active);
  }

  /** The panel in front, or the only one that can be seen. */
  get current(): Panel | undefined {
    return this.active ?? [...this.shown].find((panel) => panel.view.visible);
  }

  /** Opens the request's panel beside the file in hand. Work that runs is shown, other work starts. */
  open<R extends Opened>(request: R): PanelOf<R['kind']> {
    const panel = this.show(panelRequestOf(request));
    panel.begin(request);
    return panel as PanelOf<R['kind']>;
  }

  /**
   * Shows what runs or what is on disk, or an offer to start or to continue; nothing starts.
   * @param runId the interrupted run that is offered
   */
  offer<R extends JobRequest>(request: R, runId?: string): PanelOf<R['kind']> {
    const panel = this.show(panelRequestOf(request)) as JobPanel<JobPanelRequest>;
    panel.offerWork(request, runId);
    return panel as Panel as PanelOf<R['kind']>;
  }

  /** Opens on a result that is finished. */
  async showResult<R extends JobRequest>(request: R, result: JobResult): Promise<PanelOf<R['kind']>> {
    const panel = this.show(panelRequestOf(request)) as JobPanel<JobPanelRequest>;
    await panel.showFinished(request, result);
    return panel as Panel as PanelOf<R['kind']>;
  }

  /** The run is no longer on disk; what shows it says so. */
  runDeleted(runId: string): void {
    for (const panel of this.shown) panel.runDeleted(runId);
  }

  private find(key: string): Panel | undefined {
    return [...this.shown].find((panel) => panel.key === key);
  }

  private show(request: PanelRequest): Panel {
    const existing = this.find(keyOfPanel(request));
    if (existing !== undefined) {
      existing.view.reveal(undefined, true);
      return existing;
    }
    const view = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      'Frankenstein',
      { viewColumn: columnOfPanel(), preserveFocus: true },
      {},
    );
    return this.adopt(view, request);
  }

  private adopt(view: vscode.WebviewPanel, request: PanelRequest): Panel {
    const own = request.kind === 'analysis' ? OWN_PANELS[request.analysis] : undefined;
    const Class = (own ?? PANELS[request.kind]) as PanelClass;
    const panel = new Class(view, request, this.services);
    this.shown.add(panel);
    panel.onDidChange(() => this.updateContext());
    panel.onDidDispose(() => {
      if (panel instanceof ComparePanel) panel.spectrum.dispose();
      this.shown.delete(panel);
      this.updateContext();
      this.nameTabs();
    });
    this.updateContext();
    this.nameTabs();
    return panel;
  }

  /** Called by VS Code for a panel that was open when the window closed. */
  async deserializeWebviewPanel(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    const request = parseMemory(state)?.request ?? this.lost.shift();
    if (!request) {
      view.dispose();
      return;
    }
    // Not awaited: VS Code shows the panel when this resolves, and reading a result may take a moment.
    void this.adopt(view, request).restore();
    return Promise.resolve();
  }

  private updateContext(): void {
    // For the buttons of the panel's own tab: cancel while it runs, retry when it failed, the run where there is one.
    const { active } = this;
    void vscode.commands.executeCommand('setContext', 'frankenstein.panelState', active?.shownState);
    void vscode.commands.executeCommand('setContext', 'frankenstein.panelHasRun', active?.shownRun !== undefined);
    void vscode.commands.executeCommand('setContext', 'frankenstein.panelKind', active?.request.kind);
  }

  /** Tabs of one title say which folder their checkpoints are in, as editors of one file name do. */
  private nameTabs(): void {
    const panels = [...this.shown];
    const folders = distinguishing(panels.map(({ title, request }) => ({ title, paths: pathsOf(request) })));
    panels.forEach(({ view, title }, index) => {
      const folder = folders[index];
      view.title = folder === undefined ? title : `${title} · ${folder}`;
    });
  }

  /** What ends out of sight says so, once; one in a panel needs no second voice. */
  private tellIfUnseen(job: Job): void {
    const { state, request, title, quiet } = job;
    if (quiet) return;
    if (this.find(keyOfPanel(panelRequestOf(request))) !== undefined) return;
    if ([...this.shown].some((panel) => panel.follows?.(job) === true)) return;
    if (state.kind === 'finished')
      void showInformation(`${title}: done.`, 'Open').then((choice) => {
        if (choice !== undefined) void this.showResult(request, state.result);
      });
    else if (state.kind === 'failed' && state.code !== 'cancelled')
      void showError(`${title}: ${state.message}`, 'Show Log').then((choice) => {
        if (choice !== undefined) void vscode.commands.executeCommand('frankenstein.showLog');
      });
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** Requests of jobs that have not ended. */
const RUNNING = 'frankenstein.running';

function pathsOf(request: PanelRequest): string[] {
  if (request.kind === 'training') return request.folders;
  if (request.kind === 'freeze') return locationsOf(request);
  return (request.kind === 'try' ? request.checkpoints : checkpointsOf(request)).map(({ path }) => path);
}

function keyOfPanel(request: PanelRequest): string {
  if (request.kind === 'training') return keyOfTraining(request);
  if (request.kind === 'freeze') return keyOfFreeze(request);
  return request.kind === 'try' ? keyOfTrial(request) : keyOf(request);
}

/** Beside the file in hand; with other panels where there is nothing to stand beside. */
function columnOfPanel(): vscode.ViewColumn {
  const { activeTab } = vscode.window.tabGroups.activeTabGroup;
  // VS Code puts a prefix before the type of a webview's tab.
  const onPanel = activeTab?.input instanceof vscode.TabInputWebview && activeTab.input.viewType.endsWith(VIEW_TYPE);
  return activeTab === undefined || onPanel ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
}
