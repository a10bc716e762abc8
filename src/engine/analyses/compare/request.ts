/** What a comparison is asked for. Plain data: crosses processes and identifies a run. */
import type { StageRequest } from '../../checkpoint/stage.js';

export interface CompareRequest {
  stages: StageRequest[];
  /** First layer of Mid, first layer of Late (0-based). Thirds, floored, when left out. */
  cuts?: [number, number] | undefined;
  /** Bytes the engine may hold at once, mapped file pages included. */
  memory?: number | undefined;
  threads?: number | undefined;
  /** Folder for runs (`…/.frankenstein`); nothing is stored when left out. */
  runsFolder?: string | undefined;
}

export interface ComparePlan {
  tensors: number;
  /** Bytes to read over all stages. */
  bytes: number;
  memory: number;
  threads: number;
}
