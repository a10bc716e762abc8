/** The open panels, one per comparison, probe or trial; how they open, and how they come back after a reload. */
import * as vscode from 'vscode';
import type { CompareResult, EvaluateResult, ProbeResult, SpectrumResult } from '../protocol/engineApi.js';
import type {
  AnalysisPanelRequest,
  ComparePanelRequest,
  EvaluatePanelRequest,
  FreezePanelRequest,
  PanelRequest,
  ProbePanelRequest,
  SpectrumJobRequest,
  TryPanelRequest,
} from '../protocol/hostApi.js';
import type { Store } from '../services/questionMemory.js';
import type { Job } from '../services/queue.js';
import { checkpointsOf, keyOf, type JobRequest } from '../services/work.js';
import { showError, showInformation } from '../services/screen.js';
import { distinguishing } from '../services/titles.js';
import { AnalysisPanel } from './analysisPanel.js';
import { ComparePanel } from './comparePanel.js';
import { EvaluatePanel } from './evaluatePanel.js';
import { FreezePanel, keyOfFreeze, placesOf } from './freezePanel.js';
import { JobPanel, type PanelServices } from './jobPanel.js';
import { parseMemory } from './memory.js';
import { ProbePanel } from './probePanel.js';
import { VIEW_TYPE, type Panel } from './surface.js';
import { keyOfTrial, TryPanel } from './tryPanel.js';

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
    const requests = this.services.queue.active.map(({ request }) =>
      request.kind === 'spectrum' ? { kind: 'compare', stages: request.stages } : request,
    );
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

  /** Opens beside the file in hand and compares. */
  compare(request: ComparePanelRequest): ComparePanel {
    const panel = this.show(request) as ComparePanel;
    panel.start();
    return panel;
  }

  /** Opens the stages' panel on its Spectrum tab: what runs, what is on disk, or an offer with its cost. */
  geometry({ stages }: Pick<ComparePanelRequest, 'stages'>): ComparePanel {
    const request: ComparePanelRequest = { kind: 'compare', stages };
    const isNew = this.find(keyOf(request)) === undefined;
    const panel = this.show(request) as ComparePanel;
    // The comparison beside it is not started unasked.
    if (isNew) void panel.restore();
    void panel.geometry.reveal();
    return panel;
  }

  /** Opens on a spectrum that is finished. */
  async showSpectrum(
    run: { runsFolder: string; runId: string },
    stages: ComparePanelRequest['stages'],
    result: SpectrumResult,
  ): Promise<ComparePanel> {
    const panel = this.geometry({ stages });
    await panel.geometry.show(result, run.runsFolder);
    return panel;
  }

  /** Shows spectra that are under way, or starts them. */
  spectrum(request: SpectrumJobRequest): ComparePanel {
    const panel = this.geometry(request);
    panel.geometry.follow(this.services.queue.start(request));
    return panel;
  }

  /** Opens beside the file in hand and probes. */
  probe(request: ProbePanelRequest): ProbePanel {
    const panel = this.show(request) as ProbePanel;
    panel.start();
    return panel;
  }

  /** Opens on probes that are finished. */
  showProbes(request: ProbePanelRequest, results: ProbeResult[]): ProbePanel {
    const panel = this.show(request) as ProbePanel;
    panel.request = request;
    if (panel.state.kind !== 'probe') panel.showResults(results);
    return panel;
  }

  /** Opens beside the file in hand and evaluates. */
  evaluate(request: EvaluatePanelRequest): EvaluatePanel {
    const panel = this.show(request) as EvaluatePanel;
    panel.start();
    return panel;
  }

  /** Opens on an evaluation that is finished. */
  showEvaluation(request: EvaluatePanelRequest, result: EvaluateResult): EvaluatePanel {
    const panel = this.show(request) as EvaluatePanel;
    panel.request = request;
    if (panel.state.kind !== 'evaluation') panel.showResult(result);
    return panel;
  }

  /** Shows the result of a run, or runs it. */
  analysis(request: AnalysisPanelRequest): AnalysisPanel {
    const panel = this.show(request) as AnalysisPanel;
    if (request.run === undefined) panel.start();
    else void panel.restore();
    return panel;
  }

  try(request: TryPanelRequest): TryPanel {
    return this.show(request) as TryPanel;
  }

  /** Verifies, or reports; anew where the panel is there already. */
  freeze(request: FreezePanelRequest): FreezePanel {
    const panel = this.show(request) as FreezePanel;
    panel.request = request;
    panel.start();
    return panel;
  }

  /** Shows what runs, or starts it. */
  open(request: JobRequest): Panel {
    switch (request.kind) {
      case 'compare':
        return this.compare(request);
      case 'probe':
        return this.probe(request);
      case 'evaluate':
        return this.evaluate(request);
      case 'spectrum':
        return this.spectrum(request);
      case 'analysis':
        return this.analysis(request);
    }
  }

  /** Shows what there is, and offers to go on; nothing starts. */
  offer(request: JobRequest, runId?: string): void {
    if (request.kind === 'spectrum') {
      this.geometry(request);
      return;
    }
    const panel = this.show(request);
    if (panel instanceof JobPanel) panel.offered = runId;
    void panel.restore();
  }

  /** The run is no longer on disk; what shows it says so. */
  runDeleted(runId: string): void {
    for (const panel of this.shown) panel.runDeleted(runId);
  }

  /** Opens on a comparison that is finished. */
  async showResult(request: ComparePanelRequest, result: CompareResult): Promise<ComparePanel> {
    const panel = this.show(request) as ComparePanel;
    if (panel.result?.provenance.runId !== result.provenance.runId) await panel.showResult(result);
    this.services.results.prefer(result.provenance.runId);
    return panel;
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
    const panel = this.create(view, request);
    this.shown.add(panel);
    panel.onDidChange(() => this.updateContext());
    panel.onDidDispose(() => {
      if (panel instanceof ComparePanel) panel.geometry.dispose();
      this.shown.delete(panel);
      this.updateContext();
      this.nameTabs();
    });
    this.updateContext();
    this.nameTabs();
    return panel;
  }

  private create(view: vscode.WebviewPanel, request: PanelRequest): Panel {
    switch (request.kind) {
      case 'compare':
        return new ComparePanel(view, request, this.services);
      case 'probe':
        return new ProbePanel(view, request, this.services);
      case 'evaluate':
        return new EvaluatePanel(view, request, this.services);
      case 'analysis':
        return new AnalysisPanel(view, request, this.services);
      case 'freeze':
        return new FreezePanel(view, request, this.services);
      case 'try':
        return new TryPanel(view, request, this.services);
    }
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
    const { state, request, title, key } = job;
    const own = request.kind === 'spectrum' ? keyOf({ kind: 'compare', stages: request.stages }) : key;
    if (this.find(own) !== undefined || [...this.shown].some((panel) => panel.follows?.(job) === true)) return;
    if (state.kind === 'finished')
      void showInformation(`${title}: done.`, 'Open').then((choice) => {
        if (choice === undefined) return;
        const { result } = state;
        if (request.kind === 'compare' && result.kind === 'compare') void this.showResult(request, result.result);
        // Finished runs are back at once.
        else if (request.kind === 'spectrum') this.geometry(request);
        else this.open(request);
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
  if (request.kind === 'freeze') return placesOf(request);
  return (request.kind === 'try' ? request.checkpoints : checkpointsOf(request)).map(({ path }) => path);
}

function keyOfPanel(request: PanelRequest): string {
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
