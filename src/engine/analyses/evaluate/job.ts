/** What crosses between the engine's thread and the thread that runs the model: plain data. */
import type { Framing } from '../../models/processor/framing.js';
import type { PixelBounds } from '../../models/processor/imageSettings.js';
import type { Sampling } from '../declare/protocolText.js';
import type { StageRequest } from '../../checkpoint/stage.js';

/** One thing to ask: questions that ask the same share the answer. */
export interface AskedQuestion {
  /** Names the answer in the cache. */
  key: string;
  prompt: string;
  /** Absolute paths or names in Parquet files, in the order of their places; none for text alone. */
  images: readonly string[];
  /** Black images of the same sizes take their places. */
  black: boolean;
  /** Which of several answers to the same prompt, from 0; left out of greedy ones. */
  answer?: number;
}

export interface EvaluateJob {
  maxNewTokens: number;
  memory: number | undefined;
  threads: number | undefined;
  badLines: 'stop' | 'skip';
  pixels: PixelBounds;
  /** Greedy when left out. */
  sampling?: Omit<Sampling, 'answers'> | undefined;
  /** Units of a batch, where fewer are wanted than fit. */
  together?: number | undefined;
  /** What is left to ask, per checkpoint. */
  work: { checkpoint: number; stage: StageRequest; label: string; framing: Framing; asked: AskedQuestion[] }[];
}

export interface Answered {
  key: string;
  /** Null where it could not be asked, and `why` says the reason. */
  text: string | null;
  why?: string;
}

export type EvaluateMessage =
  | { type: 'phase'; phase: string }
  /** More answers are done. */
  | { type: 'progress'; done: number }
  /** A batch is done. */
  | { type: 'batch'; checkpoint: number; answers: Answered[] }
  | { type: 'notice'; sentence: string };
