/** What crosses between the engine's thread and the thread that runs the model: plain data. */

/** One thing to compute: the samples that ask it share the outcome. */
export interface Unit {
  /** Samples, by id. */
  ids: string[];
  prompt: string;
  /** In the order of their places; of a swap: the target's one. None for text alone. */
  images: readonly string[];
  /** Of a swap: the other picture; undefined stands for a black one. */
  source: string | undefined;
}

export interface ProbeJob {
  kind: 'swap' | 'skip' | 'attention';
  mode: 'from' | 'only';
  part: 'layer' | 'attention' | 'mlp';
  /** Ascending. */
  depths: number[];
  maxNewTokens: number;
  memory: number | undefined;
  threads: number | undefined;
  badLines: 'stop' | 'skip';
  /** Units of a batch, where fewer are wanted than fit. */
  together?: number | undefined;
  /** What is left to do, per checkpoint, in order. */
  work: { checkpoint: number; path: string; label: string; units: Unit[] }[];
}

/** Answers per depth, in the order of the job's depths. */
export interface SwapOutcome {
  kind: 'swap';
  source: 'same-grid' | 'resized';
  /** What a pixel of the source file is in the coordinates of an answer's boxes, by column and row. */
  boxScale: [number, number];
  baseline: string;
  sourceAnswer: string;
  answers: string[];
}

export interface SkipOutcome {
  kind: 'skip';
  baseline: string;
  answers: string[];
}

export interface AttentionOutcome {
  kind: 'attention';
  answer: string;
  /** Tokens that the mean is over; 0 when nothing was generated. */
  reasoningTokens: number;
  visualTokens: number;
  /** Per depth: what a reasoning token gives to all visual tokens, mean over heads and reasoning tokens. */
  mass: number[];
}

/** A sample that could not be run, where the user wants such samples left out. */
export interface FailedOutcome {
  kind: 'failed';
  why: string;
}

export type Outcome = SwapOutcome | SkipOutcome | AttentionOutcome | FailedOutcome;

export interface UnitOutcome {
  ids: string[];
  outcome: Outcome;
}

export type WorkerMessage =
  | { type: 'phase'; phase: string }
  /** More of samples × depths is done. */
  | { type: 'progress'; done: number }
  /** A batch is done: all or nothing of it goes on record, so that a run that goes on forms the same batches. */
  | { type: 'group'; checkpoint: number; outcomes: UnitOutcome[] }
  | { type: 'notice'; sentence: string };
