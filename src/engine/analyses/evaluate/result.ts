/**
 * Results of an evaluation (method.md §5): the documented JSON, `schema: 1`. Shares come with a 95 % interval:
 * Wilson's for one share, and a paired one where two checkpoints answered the same questions.
 */
import type { AbilityName, Role, SweepAxis } from './request.js';
import type { Protocol } from '../declare/protocolText.js';
import type { Provenance } from '../../runs/provenance.js';
import type { AnswerType } from '../../datasets/answerType.js';

/** How a question is put: its image; a black image of the same size; that and the image in words; text alone. */
export type Setting = 'image' | 'black' | 'described' | 'text';

export const SETTINGS: readonly Setting[] = ['image', 'black', 'described', 'text'];

export const ABILITIES: readonly AbilityName[] = ['vis', 'v2r', 'rea', 'accuracy'];

export interface EvaluateResult {
  schema: 1;
  kind: 'evaluate' | 'transfer' | 'sweep';
  checkpoints: EvaluatedCheckpoint[];
  data: string;
  dataFingerprint: string;
  sets: EvaluatedSet[];
  maxNewTokens: number;
  seed: number;
  /** How questions were put and which, beyond the defaults. */
  protocol?: Protocol;
  /** Version of the rules that judged; 1 where a result does not say. Results of other rules are not comparable. */
  grading?: number;
  /** Who judged: rules alone (null), or rules and then this language model. */
  grader: string | null;
  /** `all`: that judge was shown every answer, and its verdicts replaced the rules' both ways; else the wrong ones. */
  graderScope?: 'wrong' | 'all';
  /** `format`: an answer counts only where it is marked as one; else by the rules alone. */
  rules?: Rules;
  /** Rules and second judge over the answers that both judged: all checkpoints together, then each. */
  agreement?: GraderAgreement[];
  /** Of a run whose answers were judged again. */
  regrade?: Regrade;
  /** Of answers that were given elsewhere: where, and the files. */
  imported?: Imported;
  /** Who put images in words where the set had none. */
  describer: string | null;
  questions: EvaluatedQuestion[];
  /** Per checkpoint and ability that its sets allow. */
  scores: Score[];
  /** Plain accuracy per checkpoint, set and setting. */
  accuracies: Accuracy[];
  comparisons: Comparison[];
  /** Where every question has several answers: P(one of k is right), per ability and checkpoint. */
  passes?: PassAtK[];
  /** What endpoints were asked when this was made; answers that were known already cost nothing. */
  served?: Served[];
  /** The user's command that served the checkpoints. */
  servedBy?: string;
  /** Of sets whose questions come in variants. */
  variants?: Variants[];
  axis: SweepAxis | null;
  warnings: string[];
  provenance: Provenance;
}

/** `task`: by the type of answer. `format`: that, and the answer stands in a tag or a box. */
export type Rules = 'task' | 'format';

/** Cohen's κ of the rules and the second judge, with a 95 % interval over questions. */
export interface GraderAgreement {
  /** Null: of all together. */
  checkpoint: number | null;
  /** Answers that both judged, of so many questions. */
  n: number;
  questions: number;
  bothRight: number;
  rulesOnly: number;
  graderOnly: number;
  bothWrong: number;
  /** Fraction of answers on which they agree. */
  observed: number;
  /** Null where both call everything right, or everything wrong. */
  kappa: number | null;
  low: number | null;
  high: number | null;
}

/** Files with answers that were given elsewhere; SHA-256, hex. */
export interface Imported {
  format: 'lmms-eval' | 'frankenstein';
  /** The questions are those of `data`; else the files say them. */
  isMatched: boolean;
  files: { file: string; sha256: string; checkpoint: number; set: string; answers: number }[];
}

/** Where the answers of a regraded run come from, and how they were judged there. */
export interface Regrade {
  runId: string;
  grading: number;
  grader: string | null;
  rules: Rules;
  finishedAt: string;
  /** A file of verdicts that judged in place of a language model. */
  verdicts: { file: string; sha256: string; count: number } | null;
  /** Of so many answers, those whose verdict is another one now. */
  answers: number;
  changed: number;
}

export interface Served {
  checkpoint: number;
  answers: number;
  /** As the server counts them; null where it does not. */
  promptTokens: number | null;
  answerTokens: number | null;
  /** Wall clock. */
  seconds: number;
}

export interface EvaluatedCheckpoint {
  label: string;
  path: string;
  /** The recipe's text, for a checkpoint that is one. */
  recipe: string | null;
  role: Role | null;
  family: string;
  fingerprint: string;
}

export interface EvaluatedSet {
  /** File name. */
  name: string;
  questions: number;
  /** Abilities that are measured on it. */
  abilities: AbilityName[];
}

export interface EvaluatedQuestion {
  /** Unique over the sets: `set/id`. */
  id: string;
  set: string;
  task: string | null;
  prompt: string;
  truth: string;
  answerType: AnswerType;
  /**
   * Of a choice: what there is to choose from; null where the prompt says it. Absent in results of earlier versions.
   */
  choices?: string[] | null;
  /** Of a number: decimals to which it is rounded; null for none. Absent in results of earlier versions. */
  precision?: number | null;
  /** The first image, relative to the data's folder, with forward slashes. */
  image: string | null;
  /** All images, where there are several. */
  images?: string[];
  description: string | null;
  /** Per setting it was put in: one per checkpoint. */
  answers: Partial<Record<Setting, string[]>>;
  right: Partial<Record<Setting, boolean[]>>;
  /** Whether it counts for an ability that its set measures: one flag per checkpoint. */
  counts: Partial<Record<AbilityName, boolean[]>>;
  /** Answers whose verdict is the second judge's and not that of the rules, as `setting/checkpoint` or `…/number`. */
  regraded?: string[];
  /** Of a regraded run: answers whose verdict is another one than before, named alike. */
  changed?: string[];
  /** Several answers each, per setting: `answers` and `right` have the first. */
  sampled?: Partial<Record<Setting, Sampled>>;
  /** What this question is a variant of: `set/name`. */
  variantOf?: string;
}

/** Per checkpoint, one per answer. */
export interface Sampled {
  answers: string[][];
  right: boolean[][];
}

/** The unbiased estimate over questions, with a bootstrap interval over them. */
export interface PassAtK {
  ability: AbilityName;
  checkpoint: number;
  k: number;
  n: number;
  value: number;
  low: number;
  high: number;
}

/** Questions that come in several variants, in one setting. */
export interface Variants {
  /** The published set, or the mapping. */
  of: string;
  setting: Setting;
  checkpoint: number;
  /** Questions that have variants, and all of these. */
  questions: number;
  n: number;
  /** Mean over questions of the share of variants that are right, with a bootstrap interval over questions. */
  mean: number;
  meanLow: number;
  meanHigh: number;
  /** Share of questions of which every variant is right, with Wilson's interval. */
  worst: number;
  worstLow: number;
  worstHigh: number;
}

/** A share of questions; where every question has several answers, the mean of the shares of right ones (mean@k). */
export interface Score {
  ability: AbilityName;
  checkpoint: number;
  n: number;
  /** `n` times the share: no whole number where questions have several answers. */
  hits: number;
  /** 0…1. */
  value: number;
  low: number;
  high: number;
}

export interface Accuracy {
  checkpoint: number;
  set: string;
  setting: Setting;
  n: number;
  hits: number;
  value: number;
  low: number;
  high: number;
}

/** A checkpoint against another, on the same questions. */
export interface Comparison {
  ability: AbilityName;
  checkpoint: number;
  against: number;
  n: number;
  /** Share of `checkpoint` minus share of `against`, with its paired interval. */
  difference: number;
  low: number;
  high: number;
  /** Questions by (against, checkpoint): both, lost, won, neither; of several answers, by the first. */
  tt: number;
  tf: number;
  ft: number;
  ff: number;
  /** TF / (TT + TF): of what `against` could do, the share that was lost. */
  sideEffect: number | null;
  /** FT / (FF + FT): of what `against` could not do, the share that was won. */
  lift: number | null;
  /** McNemar, two-sided, exact when few questions differ; with several answers, a sign-flip test over questions. */
  p: number;
  exact: boolean;
  /** Holm's correction over all comparisons of this ability against the same checkpoint. */
  adjusted: number;
}
