/**
 * Spectra of weight updates (method.md §3): the documented JSON of `frankenstein spectrum`, `schema: 1`. Singular
 * values σ₁ ≥ σ₂ ≥ … are those of Δ = W_{i+1} − W_i, one matrix per weight (and per part of a fused one). Logarithms
 * are natural. Numbers that do not exist (a ratio over an all-zero update) are `null`.
 */
import type { FileDifference } from '../../checkpoint/fileDifference.js';
import type { MissingTensor } from '../../lineage/align.js';
import type { Provenance } from '../../runs/provenance.js';
import type { StageSummary } from '../../lineage/stageSummary.js';
import type { TensorLocation } from '../../topology/tensorPlace.js';
import type { Region, Section } from '../../topology/topology.js';

export type SpectrumMode = 'exact' | 'fast';

/**
 * Singular values kept in the JSON, and ranks of the surface figure. All of an exact spectrum are in the run's folder.
 */
export const TOP = 50;

/** Ranks whose fraction of the energy is given. */
export const ENERGY_RANKS = [1, 4, 16, 50] as const;

/** Directions per side whose principal angles are taken. */
export const SUBSPACE = 16;

export interface SpectrumResult {
  schema: 1;
  kind: 'spectrum';
  /** In lineage order, as in a comparison. */
  stages: StageSummary[];
  cuts: [number, number];
  mode: SpectrumMode;
  /** Regular expression over canonical names that chose the tensors; null for all. */
  filter: string | null;
  /** Matrices, in depth order. */
  tensors: TensorSpectra[];
  /** One per depth that holds matrices, in depth order. */
  layers: LayerSpectra[];
  regions: RegionSpectra[];
  missing: MissingTensor[];
  files: FileDifference[];
  /** Sentences: what was skipped and why (NaN, empty), adapters, tied heads. */
  warnings: string[];
  provenance: Provenance;
}

/** The matrices of one tensor: the tensor itself, or a part of a fused one (`qkv`, `gate_up_proj`, experts). */
export interface TensorSpectra extends TensorLocation {
  /** Null: all of the tensor. Else `q`, `k`, `v`, `gate`, `up`, `expert 3`, `expert 3 gate` … */
  part: string | null;
  /**
   * Rows (outputs) and columns (inputs) of the matrix; further axes are flattened into columns, as for a convolution.
   */
  rows: number;
  columns: number;
  dtypes: (string | null)[];
  /** `spectra[i]` is of stage i → i+1; null where it could not be taken, and `skipped[i]` says why. */
  spectra: (Spectrum | null)[];
  skipped: (string | null)[];
  /** `overlaps[i]` is between the updates i → i+1 and i+1 → i+2: do they move in the same directions? */
  overlaps: (Overlap | null)[];
}

/** The measures over one spectrum. */
export interface SpectrumMetrics {
  /** σ₁. */
  spectral: number;
  /** Σ σ. */
  nuclear: number;
  /** ‖Δ‖_F² / σ₁². */
  stableRank: number | null;
  /** exp(H(σ / Σσ)). */
  effectiveRank: number | null;
  /** σ₁ / σ_min over all min(rows, columns) values; null where σ_min is zero to the working precision. */
  conditionNumber: number | null;
  /** Σ log σ_i over the top 50 that are above zero. */
  logVolume: number | null;
  /** Share of ‖Δ‖_F² in the first k, per `ENERGY_RANKS`, keyed by k. */
  topEnergy: Record<string, number | null>;
}

export const METRIC_NAMES = [
  'spectral',
  'nuclear',
  'stableRank',
  'effectiveRank',
  'conditionNumber',
  'logVolume',
  'topEnergy',
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

export interface Spectrum extends SpectrumMetrics {
  mode: SpectrumMode;
  /** ‖Δ‖_F. */
  fro: number;
  /** min(rows, columns). */
  count: number;
  /** Values above 1e-6·σ₁ (numerical rank); an estimate in fast mode. */
  rank: number;
  /** The first `TOP`, largest first. */
  singularValues: number[];
  /** What storage rounding alone would give. */
  floor: SpectrumFloor;
  /**
   * Half-widths of 95 % intervals (fast mode) or bounds of the numerical error (exact mode), in the metric's own unit.
   */
  error: Record<MetricName, number | null>;
  /** Metrics for which the floor says more than training does. */
  dominated: MetricName[];
  /**
   * With the floor's energy taken out (docs/spectra.md); null where that cannot be done, and `uncorrected` says why.
   */
  corrected: CorrectedSpectrum | null;
  /**
   * `unchanged`: nothing moved. `floor`: no direction stands above the floor. `misfit`: the update is not like what the
   * correction takes for granted, so that nobody knows what rounding took from it. Null where it is corrected.
   */
  uncorrected: 'unchanged' | 'floor' | 'misfit' | null;
}

/** Each with bounds that hold in 19 of 20 simulated cases at least (docs/spectra.md). */
export interface CorrectedSpectrum {
  stableRank: number | null;
  stableRankLow: number | null;
  stableRankHigh: number | null;
  topEnergy: Record<string, number | null>;
  topEnergyLow: Record<string, number | null>;
  topEnergyHigh: Record<string, number | null>;
  /** Directions above the floor, of those that are computed: in fast mode there may be more. */
  signalRank: number;
}

/** Spectrum of a matrix of independent rounding errors, from the ulps of the actual weights, dtype and shape. */
export interface SpectrumFloor extends SpectrumMetrics {
  /**
   * Expected ‖noise‖_F: √(Σ (ulp_after² + ulp_before²)/12) where both stages are stored rounded; see docs/spectra.md.
   */
  fro: number;
  /** Expected values at ranks 1…`TOP`. */
  singularValues: number[];
  /** 95 % band at the same ranks. */
  low: number[];
  high: number[];
}

/** Principal angles between the top-k singular subspaces of two successive updates. */
export interface Overlap {
  /** Directions per side: `SUBSPACE`, or fewer for a small matrix. */
  k: number;
  /** Cosines of the principal angles, largest first, of the left (output) and right (input) subspaces. */
  left: number[];
  right: number[];
  /** Mean squared cosine, 0…1, per side. */
  leftOverlap: number;
  rightOverlap: number;
  /** What two random subspaces of these sizes would have: k / rows, k / columns. */
  leftChance: number;
  rightChance: number;
}

/** Mean over the matrices of a group, with their range. */
export interface Spread {
  mean: number;
  low: number;
  high: number;
}

export interface SpectraAggregate {
  /** Matrices that count. */
  matrices: number;
  spectral: Spread;
  nuclear: Spread;
  stableRank: Spread | null;
  effectiveRank: Spread | null;
  /** Effective rank over min(rows, columns), 0…1: comparable between shapes. */
  relativeRank: Spread | null;
  logVolume: Spread | null;
  topEnergy: Record<string, Spread | null>;
  /** The same of the floor. */
  floorStableRank: Spread | null;
  floorEffectiveRank: Spread | null;
  correctedStableRank: Spread | null;
  /** Mean over matrices of log(σ_i / σ₁), i = 1…`TOP`: a row of the surface. Null where no matrix has that rank. */
  logCurve: (number | null)[];
  /** Mean of log(floor σ_i / σ₁) with the update's σ₁: where the curve touches it, it shows rounding. */
  floorCurve: (number | null)[];
  /** Fraction of the matrices whose stable rank the floor dominates. */
  dominated: number;
  /** The same of every metric. */
  dominatedBy: Record<MetricName, number>;
}

interface Group {
  /** One per stage pair. */
  spectra: (SpectraAggregate | null)[];
  /** Mean over matrices, per pair of neighbouring updates. */
  overlaps: ({ left: number; right: number; leftChance: number; rightChance: number } | null)[];
}

export interface LayerSpectra extends Group {
  section: Section;
  layer: number | null;
  depth: number;
  region: Region | null;
}

export interface RegionSpectra extends Group {
  region: Region;
  first: number;
  last: number;
}

/** All that is stored of one spectrum. */
export interface FullSpectrum {
  name: string;
  part: string | null;
  /** Stage `from` → `from + 1`. */
  from: number;
  mode: SpectrumMode;
  /** All `count`, largest first. */
  singularValues: number[];
  /** The first so many are computed, the others estimated; all of them in exact mode. */
  known: number;
  /** Expected values of the floor at the same ranks, and their 95 % band. */
  floor: number[];
  low: number[];
  high: number[];
}
