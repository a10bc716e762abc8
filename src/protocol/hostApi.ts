/**
 * The panel's contract. The webview is a function of `PanelState` plus these calls; it knows nothing about files,
 * and nothing about VS Code beyond this object.
 */
import type { CompareResult, ProbeProgress, ProbeRequest, ProbeResult, Progress, TensorDetail } from './engineApi.js';

/** What the panel shows. The host pushes a new one whenever it changes. */
export type PanelState =
  | { kind: 'empty' }
  | { kind: 'running'; title: string; labels: string[]; progress: PanelProgress | null }
  | { kind: 'failed'; title: string; message: string; code: string; canRetry: boolean }
  | { kind: 'compare'; title: string; result: CompareResult }
  | { kind: 'probe'; title: string; results: ProbeResult[] }
  | { kind: 'try'; title: string; trial: Trial };

/** Bytes of a comparison, or samples × layers of a probe. */
export type PanelProgress = Progress | ProbeProgress;

/** Remembered by the webview (`setState`) so that a reload restores it. */
export interface PanelMemory {
  /** What the host needs to show the same thing again. */
  request: PanelRequest | null;
  /** View choices: metric, scale, sort, selected depth, … owned by the webview. */
  view: Record<string, unknown>;
}

/** Enough to reopen a panel after a reload. */
export type PanelRequest = ComparePanelRequest | ProbePanelRequest | TryPanelRequest;

export interface ComparePanelRequest {
  kind: 'compare';
  stages: { path: string; label?: string }[];
  cuts?: [number, number];
}

/** What was asked, without the settings of the machine (memory, threads, folder for runs). */
export type ProbeQuestion = Omit<ProbeRequest, 'memory' | 'threads' | 'runsFolder'>;

/** One panel, one or several probes: per checkpoint and per data file. */
export interface ProbePanelRequest {
  kind: 'probe';
  probes: ProbeQuestion[];
  /** Where the results lie, once there are any; in the order of `probes`. */
  runs?: { runsFolder: string; runId: string }[];
}

export interface TryPanelRequest {
  kind: 'try';
  checkpoints: { path: string; label: string }[];
}

/** One or two checkpoints that are asked the same, and what they said in this session. */
export interface Trial {
  labels: string[];
  /** Oldest first. */
  exchanges: TrialExchange[];
}

export interface TrialExchange {
  id: number;
  prompt: string;
  /** A picture the host knows by this number, and its name. */
  image: { id: number; name: string } | null;
  /** One per checkpoint. */
  answers: TrialAnswer[];
}

export interface TrialAnswer {
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  text: string;
  /** The engine's sentence, when it failed. */
  message: string | null;
  /** Once done. */
  tokens: number | null;
  seconds: number | null;
  /** What was not as asked for, in sentences. */
  notices: string[];
}

export interface PictureBytes {
  /** A media type. */
  type: string;
  bytes: ArrayBuffer;
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
  /** A picture of a probe's data set. Only what the result itself names, and only below the data file's folder. */
  picture(request: { result: number; sample: string; which: 'target' | 'source' | 'image' }): Promise<PictureBytes>;
  /** Asks for a picture file to try a checkpoint on. Null when dismissed. */
  choosePicture(): Promise<{ id: number; name: string } | null>;
  /** A picture that was chosen before. */
  chosenPicture(request: { id: number }): Promise<PictureBytes>;
  /** Asks every checkpoint of the trial; answers come through `PanelApi.show` and `PanelApi.answer`. */
  ask(request: { prompt: string; image: number | null; maxNewTokens: number }): Promise<void>;
  /** Asks where to save, then writes. `content` is text (CSV, SVG, JSON) or bytes (PNG). False when dismissed. */
  save(request: { suggestedName: string; content: string | ArrayBuffer }): Promise<boolean>;
  copy(request: { text: string }): Promise<void>;
}

/** Calls the host makes on the webview. */
export interface PanelApi {
  show(request: { state: PanelState; request: PanelRequest | null }): Promise<void>;
  progress(request: { progress: PanelProgress }): Promise<void>;
  /** What an answer under way says so far. */
  answer(request: { exchange: number; checkpoint: number; text: string }): Promise<void>;
  /** Selects a depth (and a tensor), for links from inline lenses. */
  focus(request: { depth: number | null; tensor: string | null }): Promise<void>;
}
