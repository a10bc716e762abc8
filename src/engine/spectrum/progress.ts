/** Progress of a run of spectra: matrices and bytes done, and the time left by the operations of what is left. */
import type { SpectrumProgress } from './request.js';

/** Milliseconds between reports. */
const REPORT_INTERVAL = 100;

export interface Work {
  matrices: number;
  bytes: number;
  operations: number;
}

export interface SpectrumMeter {
  /** A matrix is under way. */
  begin(tensor: string): void;
  /** It is on record. */
  add(work: Work, tensor: string): void;
}

/** `already` was done by an earlier run: it counts as done, and not towards the rate. */
export function createSpectrumMeter(total: Work, already: Work, report: ((progress: SpectrumProgress) => void) | undefined): SpectrumMeter {
  const startedAt = performance.now();
  const done = { ...already };
  let reportedAt = -Infinity;
  const show = (tensor: string, always: boolean) => {
    const now = performance.now();
    if (!always && now - reportedAt < REPORT_INTERVAL) return;
    reportedAt = now;
    const rate = (done.operations - already.operations) / (now - startedAt);
    report?.({
      phase: 'Taking spectra',
      doneBytes: done.bytes,
      totalBytes: total.bytes,
      doneMatrices: done.matrices,
      totalMatrices: total.matrices,
      remainingSeconds: rate > 0 ? (total.operations - done.operations) / rate / 1000 : null,
      tensor,
    });
  };
  return {
    begin: (tensor) => show(tensor, false),
    add(work, tensor) {
      done.matrices += work.matrices;
      done.bytes += work.bytes;
      done.operations += work.operations;
      show(tensor, done.matrices === total.matrices);
    },
  };
}
