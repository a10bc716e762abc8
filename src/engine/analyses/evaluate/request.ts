/** What an evaluation is asked for. Plain data: crosses processes and identifies a run. */
import type { CountProgress } from '../../calls.js';
import type { LanguageModelRequest } from '../../grading/languageModel.js';
import type { StageRequest } from '../../checkpoint/stage.js';

/** What a checkpoint is to the others: decides what it is tested against. */
export type Role = 'base' | 'in' | 'rl' | 'hybrid';

export interface EvaluatedStage extends StageRequest {
  role?: Role | undefined;
}

export interface EvaluateRequest {
  /** Checkpoints or recipes, in the order in which they are shown. */
  checkpoints: EvaluatedStage[];
  /** JSONL or Parquet file, or a folder of them: each file is a set. */
  data: string;
  /** Which sets an ability is measured on, by file name; by what a set holds when left out (`abilitiesOf`). */
  sets?: Partial<Record<AbilityName, string[]>> | undefined;
  /** At most this many questions of each set, drawn with `seed`; all when left out. */
  samples?: number | undefined;
  seed?: number | undefined;
  maxNewTokens?: number | undefined;
  /** Judges answers that the rules call wrong; rules alone when left out. */
  grader?: LanguageModelRequest | undefined;
  /** Describes pictures of questions that have no description. */
  describer?: LanguageModelRequest | undefined;
  /** The quantity that the checkpoints sample, in their order: a sweep is drawn as a curve over it. */
  axis?: SweepAxis | undefined;
  /** `transfer` and `sweep` are evaluations of stitched or interpolated checkpoints; they are drawn differently. */
  kind?: 'evaluate' | 'transfer' | 'sweep' | undefined;
  badLines?: 'stop' | 'skip' | undefined;
  memory?: number | undefined;
  threads?: number | undefined;
  runsFolder?: string | undefined;
}

export interface SweepAxis {
  /** First layer taken from the other checkpoint, or its share. */
  name: 'cut' | 'alpha';
  /** One per checkpoint; null for those that stand beside the curve (IN, RL). */
  values: (number | null)[];
}

/** What an evaluation will cost, before it starts. */
export interface EvaluatePlan {
  questions: number;
  /** Answers to be generated, and those that earlier runs have already. */
  generations: number;
  cached: number;
  /** Bytes the engine will hold at once, at most: what this evaluation needs, within the budget. */
  memory: number;
  /** For what is not cached. Null when nothing could be measured: questions that cannot be read, or a machine at work. */
  seconds: number | null;
  /** `measured`: by some of its questions. `longest`: by one layer of the model, as if every answer went to its limit. */
  basis: 'measured' | 'longest';
}

/** Progress of an evaluation: answers. */
export type EvaluateProgress = CountProgress;

/**
 * `vis`: right with the picture and wrong with a black one; `v2r`: right with the picture and right with its
 * description; `rea`: right on text alone. Each over all questions of its sets.
 */
export type AbilityName = 'vis' | 'v2r' | 'rea';
