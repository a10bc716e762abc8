/** The open panels, one per comparison; how they open, and how they come back after a reload. */
import * as vscode from 'vscode';
import type { CompareResult } from '../protocol/engineApi.js';
import type { PanelRequest } from '../protocol/hostApi.js';
import { requestKey } from '../services/checkpointPath.js';
import { titleOf, type Comparison } from '../services/comparisons.js';
import { ComparePanel, VIEW_TYPE, type PanelServices } from './comparePanel.js';
import { parseMemory } from './memory.js';

export class Panels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private readonly open = new Map<string, ComparePanel>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly services: PanelServices) {
    this.disposables = [vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this)];
    services.comparisons.onDidEnd((comparison) => this.tellIfUnseen(comparison));
  }

  /** The panel in front. */
  get active(): ComparePanel | undefined {
    return [...this.open.values()].find((panel) => panel.view.active);
  }

  /** The panel in front, or the only one that can be seen. */
  get current(): ComparePanel | undefined {
    return this.active ?? [...this.open.values()].find((panel) => panel.view.visible);
  }

  /** Opens beside the file in hand and compares. */
  compare(request: PanelRequest): ComparePanel {
    const panel = this.show(request);
    panel.start();
    return panel;
  }

  /** Opens on a comparison that is finished. */
  async showResult(request: PanelRequest, result: CompareResult): Promise<ComparePanel> {
    const panel = this.show(request);
    if (panel.result?.provenance.runId !== result.provenance.runId) await panel.showResult(result);
    this.services.results.prefer(result.provenance.runId);
    return panel;
  }

  private show(request: PanelRequest): ComparePanel {
    const existing = this.open.get(requestKey(request.stages));
    if (existing !== undefined) {
      existing.view.reveal(undefined, true);
      return existing;
    }
    const beside = vscode.window.tabGroups.activeTabGroup.activeTab === undefined ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
    const view = vscode.window.createWebviewPanel(VIEW_TYPE, titleOf(request), { viewColumn: beside, preserveFocus: true }, {});
    return this.adopt(view, request);
  }

  private adopt(view: vscode.WebviewPanel, request: PanelRequest): ComparePanel {
    const panel = new ComparePanel(view, request, this.services);
    this.open.set(panel.key, panel);
    panel.onDidChange(() => this.updateContext());
    panel.onDidDispose(() => {
      if (this.open.get(panel.key) === panel) this.open.delete(panel.key);
      this.updateContext();
    });
    this.updateContext();
    return panel;
  }

  /** Called by VS Code for a panel that was open when the window closed. */
  async deserializeWebviewPanel(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    const request = parseMemory(state)?.request;
    if (!request) {
      view.dispose();
      return;
    }
    view.title = titleOf(request);
    // Not awaited: VS Code shows the panel when this resolves, and reading a result may take a moment.
    void this.adopt(view, request).restore();
    return Promise.resolve();
  }

  private updateContext(): void {
    // For the buttons of the panel's own tab: cancel while it runs, retry when it failed.
    void vscode.commands.executeCommand('setContext', 'frankenstein.panelState', this.active?.state.kind);
  }

  /** A comparison that ends out of sight says so, once; one in a panel needs no second voice. */
  private tellIfUnseen(comparison: Comparison): void {
    const { state, request } = comparison;
    if (this.open.has(comparison.key)) return;
    if (state.kind === 'finished') {
      void vscode.window.showInformationMessage(`${comparison.title} is compared.`, 'Open').then((choice) => {
        if (choice !== undefined) void this.showResult(request, state.result);
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
