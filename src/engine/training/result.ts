/**
 * What is read of trainers' logs: the documented JSON (`schema: 1`) of `frankenstein training`, and what the panel
 * shows.
 */

export interface TrainingRequest {
  /** Folders or files, absolute: every run below them is read. */
  folders: readonly string[];
  /** The version of a reading that is known already: the answer is null where nothing has changed since. */
  since?: string | undefined;
  /** Most points per series; all when left out. Of more, each stretch gives its lowest and its highest. */
  points?: number | undefined;
}

export interface TrainingReading {
  schema: 1;
  /** Another one after every change. */
  version: string;
  /** In the order of their names. */
  runs: TrainingRun[];
  files: TrainingFile[];
  /** What could not be used, in sentences. */
  notices: string[];
}

export interface TrainingRun {
  name: string;
  /** The folder, or the file, that holds its logs. */
  folder: string;
  /** Formats it was read from, as people call them. */
  formats: string[];
  /** The last step that was logged; null before the first. */
  lastStep: number | null;
  /** Those of `SERIES` first, then reward functions, then the trainer's others. */
  series: TrainingSeries[];
  /** First steps of restarts: from here on, steps were logged again. */
  seams: number[];
  /** Steps whose completions are there, ascending. */
  completions: number[];
}

export interface TrainingSeries {
  /** A key of `SERIES`, `reward:NAME` for a reward function, or the trainer's own name. */
  key: string;
  label: string;
  /** The trainer's name. */
  source: string;
  /** Steps that have a value or a gap, before points were thinned out. */
  total: number;
  /** Steps at which something was logged that is no number: NaN, an infinity, null. */
  gaps: number;
  /** Step and value, ascending; null at a gap. */
  points: [step: number, value: number | null][];
  /** Steps whose values come from before a restart that has not reached them yet. */
  earlier: number[];
  /** The last number. */
  last: number | null;
}

export interface TrainingFile {
  file: string;
  /** As people call it. */
  format: string;
  /** Names of runs that it belongs to. */
  runs: string[];
  /** Steps, lines or rows that were read. */
  records: number;
  bytes: number;
  /** What is wrong with it, in a sentence. */
  problem: string | null;
}

export interface CompletionsRequest {
  folders: readonly string[];
  run: string;
  step: number;
}

/** What a model wrote at one step. */
export interface TrainingCompletions {
  run: string;
  step: number;
  /** The first `MOST_ROWS` of them. */
  rows: CompletionRow[];
  total: number;
  files: string[];
}

/** A piece of a text: words, or where an image stood. */
export type TextPart = { text: string } | { image: true };

export interface CompletionRow {
  prompt: TextPart[];
  completion: TextPart[];
  /** One per reward function, in the file's order. */
  rewards: { name: string; value: number | null }[];
  /** Null where the trainer logs none. */
  advantage: number | null;
  /** Other columns, as text. */
  facts: { name: string; text: string }[];
}
