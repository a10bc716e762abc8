/**
 * The result of `frankenstein compare`: the documented JSON, `schema: 1`. Everything that shows a comparison (panel,
 * inline lens, CLI table, CSV) reads this and nothing else.
 *
 * Numbers that are not finite in IEEE terms (a norm over NaN weights) are `null`: JSON has no NaN.
 */
import type { MissingTensor } from '../../lineage/align.js';
import type { StageSummary } from '../../lineage/stageSummary.js';
import type { Provenance } from '../../runs/provenance.js';
import type { FileDifference } from '../../checkpoint/fileDifference.js';
import type { TensorLocation } from '../../topology/tensorPlace.js';
import type { Component, Region, Section } from '../../topology/topology.js';

export interface CompareResult {
  schema: 1;
  /** In lineage order: Base → IN → RL, or IN → RL. At least two. */
  stages: StageSummary[];
  /** First layer of Mid and first layer of Late, 0-based. Early = [0, cuts[0]), Late = [cuts[1], L). */
  cuts: [number, number];
  /** Every tensor present in two neighbouring stages with the same shape, in depth order. */
  tensors: TensorResult[];
  /** One per depth that holds tensors, in depth order. */
  layers: LayerResult[];
  /** Early, Mid, Late. Empty for a model without language layers. */
  regions: RegionResult[];
  /** Vision, projector, language, other: those that exist. */
  sections: SectionResult[];
  /** Tensors that have no counterpart, or one of another shape. Never dropped silently. */
  missing: MissingTensor[];
  /** Auxiliary text files (config, tokenizer, generation, chat template …) that differ between stages. */
  files: FileDifference[];
  /** Sentences for the user: non-finite weights, layer count against config, tied heads, ignored files. */
  warnings: string[];
  provenance: Provenance;
}

export interface TensorResult extends TensorLocation {
  shape: number[];
  /** Name in the file, per stage; null where the stage lacks it. */
  onDisk: (string | null)[];
  /** Storage dtype as safetensors spells it (`BF16`), per stage. */
  dtypes: (string | null)[];
  /** ‖W‖_F per stage. */
  norms: (number | null)[];
  /** `deltas[i]` is stage i → i+1; null where either lacks the tensor or shapes differ. */
  deltas: (Delta | null)[];
}

/** What one update did to one tensor. Non-finite elements are left out of the sums and counted in `nonFinite`. */
export interface Delta {
  /** ‖ΔW‖_F, ΔW = W_{i+1} − W_i. Energy in the paper's Figure 5. */
  fro: number | null;
  /** ‖ΔW‖_F / ‖W_i‖_F. Null when W_i is zero. */
  relative: number | null;
  /** cos(W_i, W_{i+1}) of the flattened tensors. Null when either is zero. */
  cosine: number | null;
  /** max |ΔW|. */
  maxAbs: number | null;
  /** Share of elements that differ, 0…1. */
  changed: number | null;
  /** Elements that differ. */
  changedCount: number;
  /**
   * Expected ‖rounding noise‖_F of storing W_{i+1} once in its dtype: √(Σ ulp(w)²/12). A `fro` near or below it says
   * little about the true update (method.md §3). 0 for integer dtypes.
   */
  floor: number;
  /** Elements of W_i or W_{i+1} that are NaN or ±Inf; they are in none of the sums. */
  nonFinite: number;
}

/** Aggregate of several tensors' deltas. Only weights of two or more dimensions count, as in the paper's figures. */
export interface DeltaAggregate {
  /** Root of the summed squares over the weights: ‖Δ‖_F of all of them as one vector. */
  fro: number;
  /** Mean and sum of the weights' ‖Δ‖_F (the paper's layer figure). */
  meanFro: number;
  sumFro: number;
  /** ‖Δ‖_F / ‖W_i‖_F over all weights as one vector. */
  relative: number | null;
  /** Mean of the weights' relative energies. */
  meanRelative: number | null;
  cosine: number | null;
  maxAbs: number;
  changed: number | null;
  floor: number;
  nonFinite: number;
}

export interface Aggregate {
  /** Tensors that count in `deltas` (two or more dimensions). */
  weights: number;
  /** All tensors, norms and biases too. */
  tensors: number;
  parameters: number;
  /** One per stage pair; null where no tensor has both. */
  deltas: (DeltaAggregate | null)[];
}

export interface LayerResult extends Aggregate {
  section: Section;
  /** 0-based in its section; null for the projector. */
  layer: number | null;
  depth: number;
  region: Region | null;
  /** The same, split by component; only components that exist. */
  components: Partial<Record<Component, Aggregate>>;
}

export interface RegionResult extends Aggregate {
  region: Region;
  /** Language layers, first inclusive, last inclusive; 0-based. */
  first: number;
  last: number;
}

export interface SectionResult extends Aggregate {
  section: Section;
}

/** What the tensor detail view shows; computed on demand. */
export interface TensorDetail {
  name: string;
  /** Index of the delta: stage `from` → `from + 1`. */
  from: number;
  shape: number[];
  /** Histogram of ΔW over [min, max], equal bins; `counts.length` bins. Zero deltas are counted in `zeros` instead. */
  histogram: { min: number; max: number; counts: number[]; zeros: number };
  /** √ of mean squared Δ per row / column, pooled to at most 512 bins each (`rowsPerBin`, `columnsPerBin`). */
  rowEnergy: number[];
  columnEnergy: number[];
  rowsPerBin: number;
  columnsPerBin: number;
}
