/**
 * Results of the probes (method.md §1, §2): the documented JSON, `schema: 1`. Depths are 0-based language layers.
 * Shares come with a 95 % interval `[low, high]`: Wilson for one share, and a paired interval where two settings are
 * compared on the same samples. Texts are decoded without special tokens.
 */
import type { Protocol } from '../declare/protocolText.js';
import type { Provenance } from '../../runs/provenance.js';
import type { SkipPart } from './kinds/skip/parts.js';

export type ProbeResult = SwapResult | SkipResult | AttentionResult | RoutingResult;

export interface ProbeBase {
  schema: 1;
  /** Checkpoints in the order they were given. `swap` and `skip` have one. */
  checkpoints: ProbedCheckpoint[];
  /** The data file (or folder of files), absolute, and its SHA-256, hex. */
  data: string;
  dataFingerprint: string;
  /** First layer of Mid and of Late, 0-based. */
  cuts: [number, number];
  /** 0-based language layers, ascending. */
  depths: number[];
  /** 0-based layers that carry a recurrent state in place of attention, ascending; left out where there are none. */
  stateLayers?: number[];
  maxNewTokens: number;
  seed: number;
  /** How questions were put and which, beyond the defaults. */
  protocol?: Protocol;
  /** Version of the rules that judged answers; 1 where a result does not say. */
  grading?: number;
  warnings: string[];
  provenance: Provenance;
}

export interface ProbedCheckpoint {
  label: string;
  path: string;
  family: string;
  /** Language layers. */
  layers: number;
  fingerprint: string;
}

/** The four functions of the paired probe format. */
export type ProbeTask = 'counting' | 'ocr' | 'grounding' | 'recognition';

/** Visual-token swap: from depth ℓ on (hidden states, equal to K/V in all layers ≥ ℓ), or K/V in layer ℓ only. */
export interface SwapResult extends ProbeBase {
  kind: 'swap';
  mode: 'from' | 'only';
  /** When an answer counts as changed; by the rule of its task where a result does not say. */
  change?: 'task' | 'text';
  samples: SwapSample[];
  rates: SwapRate[];
}

export interface SwapSample {
  id: string;
  task: ProbeTask;
  prompt: string;
  /** Relative to the folder of the data, with forward slashes. An empty source stands for a black image. */
  targetImage: string;
  sourceImage: string;
  /** How the source was brought to the target's grid. */
  source: 'same-grid' | 'resized';
  /** The answer to the target image, nothing swapped, and to the source image. */
  baseline: string;
  sourceAnswer: string;
  /** Per depth, in the order of `depths`. */
  answers: string[];
  /** Per depth: whether the task's own criterion says that the answer changed. */
  changed: boolean[];
}

export interface SwapRate {
  task: ProbeTask;
  depth: number;
  n: number;
  /** Share of samples whose answer changed, 0…1. */
  changed: number;
  low: number;
  high: number;
}

/** Layer skip: layer ℓ becomes the identity, or loses its attention, its MLP or its experts alone. */
export interface SkipResult extends ProbeBase {
  kind: 'skip';
  part: SkipPart;
  /** Of the part `experts`: these of each layer; all that its router chooses where left out. */
  experts?: number[];
  samples: SkipSample[];
  /** Of the untouched model. */
  baseline: { n: number; error: number; low: number; high: number };
  errors: SkipError[];
}

export interface SkipSample {
  id: string;
  prompt: string;
  truth: string;
  baseline: string;
  baselineCorrect: boolean;
  answers: string[];
  correct: boolean[];
}

export interface SkipError {
  depth: number;
  n: number;
  /** 1 − accuracy, 0…1. */
  error: number;
  low: number;
  high: number;
  /** Error minus the baseline's, paired over samples. */
  increase: number;
  increaseLow: number;
  increaseHigh: number;
}

/** Attention from reasoning tokens to visual tokens (method.md §2). */
export interface AttentionResult extends ProbeBase {
  kind: 'attention';
  samples: AttentionSample[];
  layers: AttentionLayer[];
}

export interface AttentionSample {
  id: string;
  prompt: string;
  /** The first image. */
  image: string;
  /** All images, where there are several. */
  images?: string[];
  /** Per checkpoint. */
  answers: string[];
  reasoningTokens: number[];
  visualTokens: number;
}

export interface AttentionLayer {
  depth: number;
  /** 1/(|H||R||V|) ΣΣΣ A, mean over samples, per checkpoint. */
  mean: number[];
  /** The same without 1/|V|. */
  mass: number[];
  /** 95 % bootstrap intervals of `mean` over samples, per checkpoint. */
  low: number[];
  high: number[];
  /** The same for `mass`. */
  massLow: number[];
  massHigh: number[];
  /** Paired difference of `mean`, last checkpoint minus first; null for one checkpoint. */
  shift: { difference: number; low: number; high: number } | null;
}

/**
 * Tokens that go through another set of experts in the second checkpoint, which reads the same prompt (method.md §2).
 */
export interface RoutingResult extends ProbeBase {
  kind: 'routing';
  samples: RoutingSample[];
  /** Of the layers that have experts. */
  layers: RoutingLayer[];
}

export interface RoutingSample {
  id: string;
  prompt: string;
  /** Left out where there are none. */
  images?: string[];
  /** Of the prompt, and how many of them are visual. */
  tokens: number;
  visualTokens: number;
  /** Per depth, in the order of `depths`: tokens of text, and visual ones, whose sets of experts differ. */
  changedText: number[];
  changedVisual: number[];
}

/** Mean over samples of the fraction of a sample's tokens, 0…1, with its bootstrap interval. */
export interface RoutingShare {
  changed: number;
  low: number;
  high: number;
  /** Samples. */
  n: number;
}

export interface RoutingLayer {
  depth: number;
  all: RoutingShare;
  text: RoutingShare;
  /** Over the samples with images; null where there are none. */
  visual: RoutingShare | null;
}
