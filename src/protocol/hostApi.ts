/**
 * The panel's contract. The webview is a function of `PanelState` plus these calls; it knows nothing about files,
 * and nothing about VS Code beyond this object.
 */
import type { CompareResult, Progress, TensorDetail } from './engineApi.js';

/** What the panel shows. The host pushes a new one whenever it changes. */
export type PanelState =
  | { kind: 'empty' }
  | { kind: 'running'; title: string; labels: string[]; progress: Progress | null }
  | { kind: 'failed'; title: string; message: string; code: string; canRetry: boolean }
  | { kind: 'compare'; title: string; result: CompareResult };

/** Remembered by the webview (`setState`) so that a reload restores it. */
export interface PanelMemory {
  /** What the host needs to show the same thing again. */
  request: PanelRequest | null;
  /** View choices: metric, scale, sort, selected depth, … owned by the webview. */
  view: Record<string, unknown>;
}

/** Enough to reopen a panel after a reload. */
export interface PanelRequest {
  kind: 'compare';
  stages: { path: string; label?: string }[];
  cuts?: [number, number];
}

/** Calls the webview makes. */
export interface HostApi {
  /** First call after load; `memory` is what `setState` kept. The answer is the state to show now. */
  ready(request: { memory: PanelMemory | null }): Promise<PanelState>;
  cancel(): Promise<void>;
  retry(): Promise<void>;
  setCuts(request: { cuts: [number, number] }): Promise<void>;
  tensorDetail(request: { name: string; from: number }): Promise<TensorDetail>;
  /** Opens VS Code's diff editor on an auxiliary file of two stages. */
  openFileDiff(request: { file: string; from: number }): Promise<void>;
  /** Shows the tensor's line in the index, or the config when there is no index. */
  revealTensor(request: { name: string; stage: number }): Promise<void>;
  /** Asks where to save, then writes. `content` is text (CSV, SVG, JSON) or bytes (PNG). False when dismissed. */
  save(request: { suggestedName: string; content: string | ArrayBuffer }): Promise<boolean>;
  copy(request: { text: string }): Promise<void>;
}

/** Calls the host makes on the webview. */
export interface PanelApi {
  show(request: { state: PanelState; request: PanelRequest | null }): Promise<void>;
  progress(request: { progress: Progress }): Promise<void>;
  /** Selects a depth (and a tensor), for links from inline lenses. */
  focus(request: { depth: number | null; tensor: string | null }): Promise<void>;
}
