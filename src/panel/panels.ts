/** The open panels, one per comparison, probe or trial; how they open, and how they come back after a reload. */
import * as vscode from 'vscode';
import type { CompareResult, EvaluateResult, ProbeResult, SpectrumResult } from '../protocol/engineApi.js';
import type {
  ComparePanelRequest,
  EvaluatePanelRequest,
  PanelRequest,
  ProbePanelRequest,
  SpectrumJobRequest,
  TryPanelRequest,
} from '../protocol/hostApi.js';
import { keyOf, type Job, type JobRequest } from '../services/queue.js';
import { ComparePanel } from './comparePanel.js';
import { EvaluatePanel } from './evaluatePanel.js';
import type { PanelServices } from './jobPanel.js';
import { parseMemory } from './memory.js';
import { ProbePanel } from './probePanel.js';
import { VIEW_TYPE, type Panel } from './surface.js';
import { keyOfTrial, TryPanel } from './tryPanel.js';

export class Panels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  /** Looked up by the key each has now: a panel may be asked to do its work otherwise. */
  private readonly shown = new Set<Panel>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly services: PanelServices) {
    this.disposables = [vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this)];
    services.queue.onDidEnd((job) => this.tellIfUnseen(job));
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

  /** Opens the stages' panel on its Geometry tab: what runs, what is on disk, or an offer with its cost. */
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

  try(request: TryPanelRequest): TryPanel {
    return this.show(request) as TryPanel;
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
    }
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
    });
    this.updateContext();
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
      case 'try':
        return new TryPanel(view, request, this.services);
    }
  }

  /** Called by VS Code for a panel that was open when the window closed. */
  async deserializeWebviewPanel(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    const request = parseMemory(state)?.request;
    if (!request) {
      view.dispose();
      return;
    }
    // Not awaited: VS Code shows the panel when this resolves, and reading a result may take a moment.
    void this.adopt(view, request).restore();
    return Promise.resolve();
  }

  private updateContext(): void {
    // For the buttons of the panel's own tab: cancel while it runs, retry when it failed.
    void vscode.commands.executeCommand('setContext', 'frankenstein.panelState', this.active?.state.kind);
  }

  /** What ends out of sight says so, once; one in a panel needs no second voice. */
  private tellIfUnseen(job: Job): void {
    const { state, request } = job;
    if (
      this.find(request.kind === 'spectrum' ? keyOf({ kind: 'compare', stages: request.stages }) : job.key) !==
      undefined
    )
      return;
    if (state.kind === 'finished') {
      const { result } = state;
      void vscode.window
        .showInformationMessage(`${job.title}${request.kind === 'compare' ? ' is compared.' : ' is done.'}`, 'Open')
        .then((choice) => {
          if (choice === undefined) return;
          if (request.kind === 'compare' && result.kind === 'compare') void this.showResult(request, result.result);
          // Finished runs are back at once.
          else if (request.kind === 'probe') this.probe(request);
          else if (request.kind === 'evaluate') this.evaluate(request);
          else if (request.kind === 'spectrum') this.geometry(request);
        });
    } else if (state.kind === 'failed' && state.code !== 'cancelled') {
      void vscode.window.showErrorMessage(state.message, 'Show Log').then((choice) => {
        if (choice !== undefined) void vscode.commands.executeCommand('frankenstein.showLog');
      });
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function keyOfPanel(request: PanelRequest): string {
  return request.kind === 'try' ? keyOfTrial(request) : keyOf(request);
}

/** Beside the file in hand; with other panels where there is nothing to stand beside. */
function columnOfPanel(): vscode.ViewColumn {
  const { activeTab } = vscode.window.tabGroups.activeTabGroup;
  // VS Code puts a prefix before the type of a webview's tab.
  const onPanel = activeTab?.input instanceof vscode.TabInputWebview && activeTab.input.viewType.endsWith(VIEW_TYPE);
  return activeTab === undefined || onPanel ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
}
