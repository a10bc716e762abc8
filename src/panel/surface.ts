/**
 * What every panel has in common: a webview that shows a state, may vanish (hidden) and come back with nothing at any
 * time. The truth is on this side, and `ready` hands it over again.
 */
import * as vscode from 'vscode';
import type { CompareResult } from '../protocol/engineApi.js';
import type { HostApi, PanelApi, PanelRequest, PanelState } from '../protocol/hostApi.js';
import { connect, type Connection } from '../protocol/rpc.js';
import type { Job } from '../services/queue.js';
import { localResourceRoots, panelHtml } from './html.js';

export const VIEW_TYPE = 'frankenstein.panel';

export interface Focus {
  depth: number | null;
  tensor: string | null;
}

/** A panel as its tab's buttons and the commands see it. */
export interface Panel {
  readonly view: vscode.WebviewPanel;
  readonly key: string;
  readonly title: string;
  readonly request: PanelRequest;
  readonly state: PanelState;
  /** The kind of what is in sight: of the state, or of the tab that lies over it. */
  readonly shownState: string;
  /** The id of the run that is in sight. */
  readonly shownRun: string | undefined;
  /** The state's kind, the title, or whether the panel is in front has changed. */
  readonly onDidChange: vscode.Event<void>;
  readonly onDidDispose: vscode.Event<void>;
  /** It shows how far this job is, and its end, though it is not the job's own panel. */
  follows?(job: Job): boolean;
  /** What it is opened for, perhaps again: work that runs is shown, other work starts. */
  begin(request: unknown): void;
  /** Starts, or starts again. */
  start(): void;
  /** Starts again what is in sight. */
  retry(): void;
  cancel(): void;
  /** A run is no longer on disk. */
  runDeleted(runId: string): void;
  /** Shows what an earlier session left. */
  restore(): Promise<void>;
  readonly result?: CompareResult | undefined;
}

export class Surface implements vscode.Disposable {
  readonly connection: Connection<PanelApi>;

  constructor(
    readonly view: vscode.WebviewPanel,
    private readonly owner: { readonly state: PanelState; readonly request: PanelRequest; readonly title: string },
    extensionUri: vscode.Uri,
    api: HostApi,
  ) {
    view.iconPath = {
      light: vscode.Uri.joinPath(extensionUri, 'media', 'panel-light.svg'),
      dark: vscode.Uri.joinPath(extensionUri, 'media', 'panel-dark.svg'),
    };
    view.webview.options = { enableScripts: true, localResourceRoots: localResourceRoots(extensionUri) };
    this.connection = connect<HostApi, PanelApi>(
      {
        send: (message) => void view.webview.postMessage(message),
        receive: (listener) => void view.webview.onDidReceiveMessage(listener),
      },
      api,
    );
    // After `connect`: the webview's first message must find a listener.
    view.webview.html = panelHtml(view.webview, extensionUri, owner.title);
  }

  push(): void {
    const { state, request } = this.owner;
    // A hidden webview has no document to tell; it asks when it is shown.
    if (this.view.visible) void this.connection.remote.show({ state, request }).catch(() => undefined);
  }

  dispose(): void {
    this.connection.close(new Error('The panel is closed.'));
  }
}
