/** A run in the list of runs. */
import type { ProbeQuestion, ProbeRequest } from './probe/request.js';
import type { SpectrumMode } from './spectrum/result.js';

export interface RunSummary {
  runId: string;
  kind: 'compare' | 'probe' | 'spectrum' | 'evaluate' | 'transfer' | 'sweep';
  /** Which probe, where it is one, and all that it was asked: enough to continue it. */
  probe?: ProbeRequest['kind'] | undefined;
  question?: ProbeQuestion | undefined;
  /** Which spectra, where it is those. */
  spectrum?: { mode: SpectrumMode; filter: string | null } | undefined;
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
