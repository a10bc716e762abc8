/** What a spectrum is asked for. Plain data: crosses processes and identifies a run. */
import type { StageRequest } from '../api.js';
import type { SpectrumMode } from './result.js';

export interface SpectrumRequest {
  /** Two or more, in lineage order. */
  stages: StageRequest[];
  /** Exact below `EXACT_LIMIT` of work, else fast, when left out. */
  mode?: SpectrumMode | undefined;
  /** Regular expression over canonical names. */
  filter?: string | undefined;
  /** Matrices taken exactly in a fast run: `name`, or `name#part`. The panel's *Refine*. */
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
  /** Floating-point operations. */
  operations: number;
  /** By a short measurement of this machine's speed. */
  seconds: number;
  /** Bytes held at once, at most. */
  memory: number;
  threads: number;
}
