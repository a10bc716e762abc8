/** A run in the list of runs. */
import type { ProbeRequest } from './probe/request.js';
import type { SpectrumMode } from './spectrum/result.js';

export interface RunSummary {
  runId: string;
  /** As its analysis names it (`runKinds`). */
  kind: string;
  /** All that was asked: enough to continue it. Absent in runs of earlier versions. */
  question?: unknown;
  /** Which probe, where it is one. */
  probe?: ProbeRequest['kind'] | undefined;
  /** Which spectra, where it is those. */
  spectrum?: { mode: SpectrumMode; filter: string | null } | undefined;
  /** Of an evaluation whose answers were there already: judged again. */
  answers?: 'regraded' | undefined;
  labels: string[];
  paths: string[];
  /** `unreadable`: what is on disk is no run of ours; `problem` says why. It can only be deleted. */
  state: 'finished' | 'interrupted' | 'unreadable';
  problem?: string | undefined;
  startedAt: string;
  /** 0…1 of the planned tensors or samples. */
  done: number;
  /** Folder of the run on disk. */
  folder: string;
}
