/** What a spectrum is asked for. Plain data: crosses processes and identifies a run. */
import type { Progress } from '../../calls.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import type { SpectrumMode } from './result.js';

export interface SpectrumRequest {
  /** Two or more, in lineage order. */
  stages: StageRequest[];
  /** Exact below `EXACT_LIMIT` of work, else fast, when left out. */
  mode?: SpectrumMode | undefined;
  /** Regular expression over canonical names. */
  filter?: string | undefined;
  /**
   * Matrices taken exactly in a fast run: `name` (with all its parts), or `name#part`. The panel's *Refine*. The run
   * stays the same one: what it has is kept, and what was refined once stays so.
   */
  refine?: string[] | undefined;
  cuts?: [number, number] | undefined;
  /** Bytes the engine may hold at once. */
  memory?: number | undefined;
  threads?: number | undefined;
  /** Folder for runs; nothing is stored when left out. */
  runsFolder?: string | undefined;
}

/** What it will cost, before it starts. */
export interface SpectrumPlan {
  mode: SpectrumMode;
  matrices: number;
  /** Bytes to read over all stages. */
  bytes: number;
  /** Floating-point operations, as many as matrix products would do in the time. */
  operations: number;
  /** By a short measurement of this machine's speed. */
  seconds: number;
  /** Bytes held at once, at most. */
  memory: number;
  threads: number;
}

/** Bytes as everywhere; what is left is told by operations, which differ more between matrices than bytes do. */
export interface SpectrumProgress extends Progress {
  doneMatrices: number;
  totalMatrices: number;
}

/** One spectrum with all its values. */
export interface FullSpectrumRequest {
  /** Canonical name and part of the matrix; update `from` → `from + 1`. */
  name: string;
  part: string | null;
  from: number;
  /** The run that has it. */
  runsFolder?: string | undefined;
  runId?: string | undefined;
  /** Where no stored run has it, it is computed from these. */
  stages?: StageRequest[] | undefined;
  /** Of that computation. Exact when left out. */
  mode?: SpectrumMode | undefined;
  memory?: number | undefined;
  threads?: number | undefined;
}
