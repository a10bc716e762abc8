/**
 * The panel's contract. The webview is a function of `PanelState` plus these calls; it knows nothing about files,
 * and nothing about VS Code beyond this object.
 */
import type {
  AnalysisName,
  CompareResult,
  EvaluateRequest,
  EvaluateResult,
  FreezeReport,
  FullSpectrum,
  CountProgress,
  ProbeQuestion,
  ProbeResult,
  Progress,
  ResultOf,
  RunLocation,
  SpectrumMode,
  SpectrumPlan,
  SpectrumProgress,
  SpectrumRequest,
  SpectrumResult,
  StageRequest,
  TensorDetail,
  TrajectoryResult,
  TrainingCompletions,
  TrainingReading,
  VerifyResult,
} from './engineApi.js';

/** What the panel shows. The host pushes a new one whenever it changes. */
export type PanelState =
  | { kind: 'empty' }
  /** `waitingFor`: the work in front of it in the queue, by its title; absent once it runs. */
  | { kind: 'running'; title: string; labels: string[]; progress: PanelProgress | null; waitingFor?: string }
  | {
      kind: 'failed';
      title: string;
      message: string;
      code: string;
      canRetry: boolean;
      /** What else leads on, in the order in which it is offered. */
      actions?: FailureAction[];
    }
  /** `indexed`: which stages have an index that `revealTensor` can show; absent where nobody has looked. */
  | { kind: 'compare'; title: string; result: CompareResult; indexed?: boolean[] }
  | { kind: 'probe'; title: string; results: ProbeResult[] }
  | { kind: 'evaluation'; title: string; result: EvaluateResult }
  /** `following`: new checkpoints are looked for. `busy`: one has come, and is being read. */
  | { kind: 'trajectory'; title: string; result: TrajectoryResult; following: boolean; busy: boolean }
  /** Any other analysis. `report`: the result as on a terminal, for one without a view of its own. */
  | {
      kind: 'analysis';
      title: string;
      analysis: string;
      result: ResultOf<AnalysisName>;
      report: string;
      runId: string;
    }
  /** Whether frozen weights stayed: of the runs of an experiment. */
  | { kind: 'verification'; title: string; result: VerifyResult }
  /** `waiting`: runs without a result, which the report leaves out. */
  | { kind: 'freezeReport'; title: string; report: FreezeReport; waiting: string[] }
  | { kind: 'try'; title: string; trial: Trial }
  | TrainingState;

/** What trainers log, as it grows. */
export interface TrainingState {
  kind: 'training';
  title: string;
  folders: string[];
  /** Null before the first look has ended. */
  reading: TrainingReading | null;
  /** Why the last look failed; what was read before stays. */
  problem: string | null;
}

/** `choose`: other checkpoints; `inspect`: the checkpoint that the message is about; `log`: the extension's log. */
export type FailureAction = 'choose' | 'inspect' | 'log';

/** Bytes of a comparison, samples × layers of a probe, answers of an evaluation, bytes and matrices of a spectrum. */
export type PanelProgress = Progress | CountProgress | SpectrumProgress;

/**
 * The Spectrum tab of a comparison's panel: spectra of the same stages' updates. It has a course of its own, whatever
 * the comparison does.
 */
export type SpectrumState =
  /** Nothing is there yet. `interrupted`: how far an earlier run came, 0…1; it would be continued. */
  | { kind: 'offer'; choice: SpectrumChoice; interrupted: number | null }
  | { kind: 'running'; title: string; labels: string[]; progress: SpectrumProgress | null }
  | { kind: 'failed'; choice: SpectrumChoice; message: string; code: string }
  | { kind: 'result'; title: string; result: SpectrumResult };

/** What a person chooses; the stages are the panel's. */
export interface SpectrumChoice {
  /** Null leaves it to the engine. */
  mode: SpectrumMode | null;
  /** Regular expression over tensor names; empty for all. */
  filter: string;
}

/** Remembered by the webview (`setState`) so that a reload restores it. */
export interface PanelMemory {
  /** What the host needs to show the same thing again. */
  request: PanelRequest | null;
  /** View choices: metric, scale, sort, selected depth, … owned by the webview. */
  view: Record<string, unknown>;
}

/** Enough to reopen a panel after a reload. */
export type PanelRequest = JobPanelRequest | FreezePanelRequest | TryPanelRequest | TrainingPanelRequest;

/** Of a panel that shows the results of an analysis. */
export type JobPanelRequest = ComparePanelRequest | ProbePanelRequest | EvaluatePanelRequest | AnalysisPanelRequest;

/** One request of an analysis whose panel needs nothing of its own. */
export interface AnalysisPanelRequest {
  kind: 'analysis';
  /** Its name in the registry. */
  analysis: string;
  request: object;
  /** Where the result lies, once there is one. */
  run?: RunLocation;
}

export interface ComparePanelRequest {
  kind: 'compare';
  stages: StageRequest[];
  cuts?: [number, number] | undefined;
  /** The run that the Spectrum tab shows. */
  spectrum?: RunLocation;
}

/** Spectra of the updates between these stages. Its panel is the comparison's. */
export type SpectrumJobRequest = { kind: 'spectrum' } & Omit<SpectrumRequest, 'memory' | 'threads' | 'runsFolder'>;

export type { ProbeQuestion };

/** One panel, one or several probes: per checkpoint and per data file. */
export interface ProbePanelRequest {
  kind: 'probe';
  probes: ProbeQuestion[];
  /** Where the results lie, once there are any; in the order of `probes`. */
  runs?: RunLocation[];
}

/** What was asked, without the settings of the machine, and without keys. */
export type EvaluationQuestion = Omit<EvaluateRequest, 'memory' | 'threads' | 'runsFolder'>;

export interface EvaluatePanelRequest {
  kind: 'evaluate';
  evaluation: EvaluationQuestion;
  /** Where the result lies, once there is one. */
  run?: RunLocation;
}

/** What a freeze experiment is asked. */
export type FreezePanelRequest =
  | { kind: 'freeze'; task: 'verify'; experiment: string }
  /** `file`: a report that was written before. */
  | { kind: 'freeze'; task: 'stored'; file: string }
  | {
      kind: 'freeze';
      task: 'report';
      /** Folder. */
      experiment: string;
      evaluation: Pick<EvaluationQuestion, 'data' | 'samples' | 'maxNewTokens' | 'badLines'>;
      /** Of equivalence, a fraction. */
      margin: number;
    };

export interface TryPanelRequest {
  kind: 'try';
  checkpoints: { path: string; label: string }[];
}

export interface TrainingPanelRequest {
  kind: 'training';
  title: string;
  folders: string[];
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
  /** An image the host knows by this number, and its name. */
  image: { id: number; name: string } | null;
  /** One per checkpoint. */
  answers: TrialAnswer[];
}

export interface TrialAnswer {
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  text: string;
  /** The engine's sentence, when it failed; what it waits for, when it does. */
  message: string | null;
  /** Once done. */
  tokens: number | null;
  seconds: number | null;
  /** What was not as asked for, in sentences. */
  notices: string[];
}

export interface ImageBytes {
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
  /** Does what a failure offers. */
  act(request: { action: FailureAction }): Promise<void>;
  /** Which tab of a comparison's panel is in front: the buttons of the editor's title follow it. */
  tabShown(request: { tab: 'comparison' | 'spectrum' }): Promise<void>;
  /** After `bad-line`: starts again, without the lines that cannot be used. */
  skipBadLines(): Promise<void>;
  setCuts(request: { cuts: [number, number] }): Promise<void>;
  tensorDetail(request: { name: string; from: number }): Promise<TensorDetail>;
  /** Opens VS Code's diff editor on an auxiliary file of two stages. */
  openFileDiff(request: { file: string; from: number }): Promise<void>;
  /** Shows the tensor's line in the index, or the config when there is no index. */
  revealTensor(request: { name: string; stage: number }): Promise<void>;
  /**
   * An image of a data set. Only what the result itself names, and only below the data file's folder.
   * @param request.index which, of a question with several; the first when left out.
   */
  sampleImage(request: {
    result: number;
    sample: string;
    which: 'target' | 'source' | 'image';
    index?: number;
  }): Promise<ImageBytes>;
  /** Asks for an image file to try a checkpoint on. Null when dismissed. */
  chooseImage(): Promise<{ id: number; name: string } | null>;
  /** An image that was chosen before. */
  chosenImage(request: { id: number }): Promise<ImageBytes>;
  /** Asks every checkpoint of the trial; answers come through `PanelApi.show` and `PanelApi.answer`. */
  ask(request: { prompt: string; image: number | null; maxNewTokens: number }): Promise<void>;
  /** What a model wrote at one step of a training that the panel shows. */
  trainingCompletions(request: { run: string; step: number }): Promise<TrainingCompletions>;
  /** What the Spectrum tab shows now; later states come through `PanelApi.spectrum`. */
  spectrum(): Promise<SpectrumState>;
  planSpectrum(request: SpectrumChoice): Promise<SpectrumPlan>;
  /** Starts, continues, or starts again with other choices. */
  computeSpectrum(request: SpectrumChoice): Promise<void>;
  cancelSpectrum(): Promise<void>;
  /** Leaves the result and offers to compute with other choices. */
  leaveSpectrum(): Promise<void>;
  /** Takes one matrix of a fast run exactly. Answers when the new result is shown. */
  refineSpectrum(request: { key: string }): Promise<void>;
  fullSpectrum(request: { name: string; part: string | null; from: number }): Promise<FullSpectrum>;
  /** Looks for new checkpoints of a trajectory from now on, or no longer; states come through `PanelApi.show`. */
  followSteps(request: { on: boolean }): Promise<void>;
  /** Asks where to save, then writes. `content` is text (CSV, SVG, JSON) or bytes (PNG). False when dismissed. */
  save(request: { suggestedName: string; content: string | ArrayBuffer }): Promise<boolean>;
  copy(request: { text: string }): Promise<void>;
}

/** Calls the host makes on the webview. */
export interface PanelApi {
  show(request: { state: PanelState; request: PanelRequest | null }): Promise<void>;
  progress(request: { progress: PanelProgress }): Promise<void>;
  /** The Spectrum tab's state has changed. `front`: the tab is to be shown. */
  spectrum(request: { state: SpectrumState; front: boolean }): Promise<void>;
  /** What an answer under way says so far. */
  answer(request: { exchange: number; checkpoint: number; text: string }): Promise<void>;
  /** Selects a depth (and a tensor), for links from inline lenses. */
  focus(request: { depth: number | null; tensor: string | null }): Promise<void>;
}
