/** What crosses between the engine's thread and the thread that runs the model: plain data. */
import type { Framing } from '../../models/processor/framing.js';
import type { PixelBounds } from '../../models/processor/imageSettings.js';
import type { SkipPart } from './kinds/skip/parts.js';
import type { ProbeRequest } from './request.js';

/** One thing to compute: the samples that ask it share the outcome. */
export interface Unit {
  /** Samples, by id. */
  ids: string[];
  prompt: string;
  /** In the order of their placeholders; of a swap: the target's one. None for text alone. */
  images: readonly string[];
  /** Of a swap: the other image; undefined stands for a black one. */
  source: string | undefined;
}

export interface ProbeJob {
  kind: ProbeRequest['kind'];
  mode: 'from' | 'only';
  part: SkipPart;
  /** With the part `experts`: these of each layer; all that its router chooses when left out. */
  experts?: number[] | undefined;
  /** Ascending. */
  depths: number[];
  maxNewTokens: number;
  memory: number | undefined;
  threads: number | undefined;
  badLines: 'stop' | 'skip';
  pixels: PixelBounds;
  /** Units of a batch, where fewer are wanted than fit. */
  together?: number | undefined;
  /** What is left to do, per checkpoint, in order. */
  work: { checkpoint: number; path: string; label: string; framing: Framing; units: Unit[] }[];
}

/** What one sample came out as: what its kind of probe says of it. */
export interface DoneOutcome {
  kind: ProbeJob['kind'];
}

/** A sample that could not be run, where the user wants such samples left out. */
export interface FailedOutcome {
  kind: 'failed';
  why: string;
}

export type Outcome = DoneOutcome | FailedOutcome;

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
