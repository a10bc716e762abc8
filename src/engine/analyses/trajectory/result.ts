/**
 * The result of `frankenstein trajectory`: the documented JSON, `schema: 1`. Lists by step have one entry per
 * checkpoint after the first, in their order: entry t − 1 is of `stages[t]`.
 */
import type { MissingTensor } from '../../lineage/align.js';
import type { StageSummary } from '../../lineage/stageSummary.js';
import type { Provenance } from '../../runs/provenance.js';
import type { TensorLocation } from '../../topology/tensorPlace.js';
import type { Region, Section } from '../../topology/topology.js';
import type { Delta, DeltaAggregate } from '../compare/result.js';
import type { Against, LeftOutStep } from './request.js';

/** Directions that two updates are compared by. */
export const DIRECTIONS = 16;

export interface TrajectoryResult {
  schema: 1;
  kind: 'trajectory';
  /** The start or the first step, then every step that was whole. */
  stages: StageSummary[];
  /** Number of the step, per stage; 0 for a start, and the place in the list where a name has no number. */
  steps: number[];
  against: Against;
  /** Whether stable rank and Sim_K were computed. */
  directions: boolean;
  /** K of Sim_K. */
  k: number;
  cuts: [number, number];
  tensors: TensorTrajectory[];
  layers: LayerTrajectory[];
  regions: RegionTrajectory[];
  sections: SectionTrajectory[];
  /** All weights of two or more dimensions together. */
  whole: GroupTrajectory;
  missing: MissingTensor[];
  /** Checkpoints of the folder that were not whole, and so not read. */
  leftOut: LeftOutStep[];
  warnings: string[];
  provenance: Provenance;
}

export interface TensorTrajectory extends TensorLocation {
  shape: number[];
  /** Storage dtype per stage; null where it lacks the tensor. */
  dtypes: (string | null)[];
  /** ‖W‖_F per stage. */
  norms: (number | null)[];
  /** W_t − W_first. Null where either lacks the tensor or has another shape. */
  sinceFirst: (Delta | null)[];
  /** W_t − W_{t−1}. */
  sincePrevious: (Delta | null)[];
  /**
   * ‖Δ‖_F² / σ₁² of Δ = W_t − W_first; the mean over the matrices of a stack of experts. Null of vectors and of no
   * update.
   */
  stableRank: (number | null)[];
  /** Sim_K(t, T) of W_t − W_first with that of the last step, the mean over the matrices of a stack. */
  similarity: (number | null)[];
  /** What directions at random would give: K over the columns. */
  chance: number | null;
}

/** Several tensors. Sizes count weights of two or more dimensions as one vector; directions are means over matrices. */
export interface GroupTrajectory {
  /** Weights that count. */
  weights: number;
  sinceFirst: (DeltaAggregate | null)[];
  sincePrevious: (DeltaAggregate | null)[];
  stableRank: (number | null)[];
  similarity: (number | null)[];
  chance: number | null;
}

export interface LayerTrajectory extends GroupTrajectory {
  section: Section;
  /** 0-based in its section; null for the projector. */
  layer: number | null;
  depth: number;
  region: Region | null;
}

export interface RegionTrajectory extends GroupTrajectory {
  region: Region;
  /** Language layers, both inclusive, 0-based. */
  first: number;
  last: number;
}

export interface SectionTrajectory extends GroupTrajectory {
  section: Section;
}
