/** What a probe is asked to do. Plain data: crosses processes and identifies a run. */
import type { CountProgress } from '../../calls.js';
import type { StageRequest } from '../../checkpoint/stage.js';

export interface ProbeRequest {
  kind: 'swap' | 'skip' | 'attention';
  /** One for `swap` and `skip`; one or two (IN, RL) for `attention`. */
  checkpoints: StageRequest[];
  /** JSONL file, or a folder of them: the authors' paired format for `swap`, the evaluation format for `skip` and `attention`. */
  data: string;
  /** 0-based layers; all when left out. */
  depths?: number[] | undefined;
  /** `swap` only. Default `from`. */
  mode?: 'from' | 'only' | undefined;
  /** `skip` only. Default `layer`. */
  part?: 'layer' | 'attention' | 'mlp' | undefined;
  /** `swap` only; all four when left out. */
  tasks?: string[] | undefined;
  /** At most this many samples (per task for `swap`), drawn with `seed`; all when left out. */
  samples?: number | undefined;
  seed?: number | undefined;
  maxNewTokens?: number | undefined;
  cuts?: [number, number] | undefined;
  /** What to do with a line that cannot be read. Default `stop`. */
  badLines?: 'stop' | 'skip' | undefined;
  memory?: number | undefined;
  threads?: number | undefined;
  runsFolder?: string | undefined;
}

/** What was asked, without the settings of the machine (memory, threads, folder for runs). */
export type ProbeQuestion = Omit<ProbeRequest, 'memory' | 'threads' | 'runsFolder'>;

/** What a probe will cost, before it starts. */
export interface ProbePlan {
  samples: number;
  depths: number;
  /** Generations the naive loop would do, and passes that are left after reuse. */
  generations: number;
  /** Bytes the engine will hold at once, at most: what this probe needs, within the budget. */
  memory: number;
  /** Weights that do not fit the budget: bytes read again at every pass. */
  streamedBytes: number;
  /** Null when nothing could be measured: samples that cannot be read, or a machine at work. */
  seconds: number | null;
  /** `measured`: by the first samples of this probe. `longest`: by one layer of the model, as if every answer went to its limit. */
  basis: 'measured' | 'longest';
}

/** Progress of a probe: samples × depths. */
export type ProbeProgress = CountProgress;
