/** Progress of a run of spectra: matrices and bytes done, and the time left by the operations of what is left. */
import type { SpectrumProgress } from './request.js';

/** Milliseconds between reports. */
const REPORT_INTERVAL = 100;

export interface Work {
  matrices: number;
  bytes: number;
  operations: number;
}

export interface SpectrumReporter {
  /** A matrix is under way, and so much of it is done, 0…1. */
  advance(tensor: string, work: Work, fraction: number): void;
  /** It is on record. */
  add(tensor: string, work: Work): void;
}

/** `already` was done by an earlier run: it counts as done, and not towards the rate. */
export function createSpectrumReporter(
  total: Work,
  already: Work,
  report: ((progress: SpectrumProgress) => void) | undefined,
): SpectrumReporter {
  const startedAt = performance.now();
  const done = { ...already };
  let reportedAt = -Infinity;
  /** Work done of matrices under way. */
  const underWay = new Map<string, { bytes: number; operations: number }>();
  const show = (tensor: string, always: boolean) => {
    const now = performance.now();
    if (!always && now - reportedAt < REPORT_INTERVAL) return;
    reportedAt = now;
    let { bytes, operations } = done;
    for (const part of underWay.values()) {
      bytes += part.bytes;
      operations += part.operations;
    }
    const rate = (operations - already.operations) / (now - startedAt);
    report?.({
      phase: 'Computing spectra',
      doneBytes: Math.round(bytes),
      totalBytes: total.bytes,
      doneMatrices: done.matrices,
      totalMatrices: total.matrices,
      remainingSeconds: rate > 0 ? (total.operations - operations) / rate / 1000 : null,
      tensor,
    });
  };
  return {
    advance(tensor, work, fraction) {
      underWay.set(tensor, { bytes: fraction * work.bytes, operations: fraction * work.operations });
      show(tensor, false);
    },
    add(tensor, work) {
      underWay.delete(tensor);
      done.matrices += work.matrices;
      done.bytes += work.bytes;
      done.operations += work.operations;
      show(tensor, done.matrices === total.matrices);
    },
  };
}
