/** What a kind of probe is: which samples it needs, what the model does with them, and what comes out. */
import type { Checkpoint } from '../../../checkpoint/checkpoint.js';
import type { Choosing } from '../../../datasets/choose.js';
import type { ReadOptions } from '../../../datasets/jsonl.js';
import type { PixelBounds } from '../../../models/processor/imageSettings.js';
import type { Model } from '../../../models/model.js';
import type { ModelSpec } from '../../../models/spec.js';
import type { AnswerOptions } from '../answers.js';
import type { DoneOutcome, ProbeJob, Unit } from '../job.js';
import type { PreparedUnit } from '../prompts.js';
import type { ProbeRequest } from '../request.js';
import type { ProbeBase, ProbeResult } from '../result.js';

/** Settings that only some kinds have. */
export type KindSettings = Pick<ProbeJob, 'mode' | 'part' | 'experts'>;

export interface SampleSet<Item> {
  items: Item[];
  /** SHA-256 of the data, hex. */
  fingerprint: string;
  warnings: string[];
}

export interface ReadSamplesOptions extends ReadOptions {
  /** Which of them. */
  choosing: Choosing;
  /** The list of ids, where there is one. */
  idsFile: string | undefined;
  /** Of the request: which tasks are wanted. */
  tasks: readonly string[] | undefined;
}

/** What a batch is computed with. */
export interface ComputeOptions extends Omit<AnswerOptions, 'onEnd'> {
  /** Told of depths that are done, of any sample. */
  onDepths: (count: number) => void;
  /** As `decode`, with special tokens. */
  decodeAll: (ids: readonly number[]) => string;
}

/** What memory a sample's prompt needs depends on. */
export interface UnitShape {
  spec: ModelSpec;
  /** Of the prompt. */
  tokens: number;
  depths: number;
  maxNewTokens: number;
}

/** What a result is computed from. */
export interface Outcomes<Item, Done> {
  /** Samples that were run, in order. */
  items: readonly Item[];
  /** What a sample came out as in a checkpoint (0-based; the first when left out). */
  of: (id: string, checkpoint?: number) => Done;
  checkpoints: readonly Checkpoint[];
  depths: readonly number[];
  settings: KindSettings & Pick<ProbeRequest, 'change'>;
  seed: number;
  pixels: PixelBounds;
  /** As results name images: relative to the folder of the data; empty for none. */
  imageName: (file: string | undefined) => string;
  signal: AbortSignal | undefined;
}

/** The fields of a result that all kinds have. */
export type ResultBase = Omit<ProbeBase, 'kind'>;

/**
 * One kind of probe: a folder beside this file, and a line in `list.ts`. What a thread does not need is imported when
 * it is called: `compute` runs where the model is, `result` where answers are judged.
 */
export interface ProbeKind<Item extends { id: string } = { id: string }, Done extends DoneOutcome = DoneOutcome> {
  kind: ProbeRequest['kind'];
  /** Most checkpoints of one probe. */
  checkpoints: number;
  /** Fewest of them; one when left out. */
  leastCheckpoints?: number;
  /** Why this is not so many checkpoints as it needs. */
  wrongCount(given: number): string;
  /** Looks at attention weights: layers without attention are left out. */
  attends?: true;
  /** Looks at experts, with these settings: layers without any are left out. */
  routes?: (settings: KindSettings) => boolean;
  /** Generates no answers. */
  silent?: true;
  /** What is done to visual tokens, as the end of a sentence; left out: it needs none. */
  visual?: string;
  /** The settings that it has: part of what a run is named by. */
  settings(of: KindSettings): Partial<KindSettings>;
  /** Reads its samples. @throws `bad-request` where the data has none, and what reading throws */
  readSamples(data: string, options: ReadSamplesOptions): Promise<SampleSet<Item>>;
  /** What is computed for a sample. */
  unitOf: (sample: Item) => Omit<Unit, 'ids'>;
  /** What its outcomes look like, for lines of a journal: a value of the type per field. */
  outcome(depths: number): Omit<Done, 'kind'>;

  /** What is being done, for people. */
  phase: string;
  /** Every sample has a second image, whose prompt runs too. */
  paired: boolean;
  /** Every depth is an answer of its own; otherwise one answer is looked at in all depths. */
  branches: boolean;
  /** Bytes that one prompt needs, its states included. */
  unitBytes: (shape: UnitShape) => number;
  /**
   * Tokens of a prompt that are computed anew per depth.
   * @param lengths of the prompt, behind its images, of its images
   * @param carries whether layers carry a state, which every token before an intervention goes into again
   */
  reached(lengths: { tokens: number; tail: number; visual: number }, settings: KindSettings, carries: boolean): number;
  /** Outcomes of a batch, in order. Runs in the model's thread. */
  compute(model: Model, units: readonly PreparedUnit[], job: ProbeJob, options: ComputeOptions): Promise<Done[]>;

  /** @throws `malformed` where no sample says anything */
  result(outcomes: Outcomes<Item, Done>, base: ResultBase): Promise<ProbeResult>;
}
