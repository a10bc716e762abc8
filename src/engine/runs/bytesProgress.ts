/** Progress in bytes with the time left, reported at a rate that people can read. */
import type { Progress } from '../calls.js';

/** Milliseconds between reports. */
const REPORT_INTERVAL = 100;

export interface BytesReporter {
  add(bytes: number, tensor: string): void;
}

/** `already` bytes were done by an earlier run: they count as done, and not towards the rate. */
export function createBytesReporter(
  phase: string,
  totalBytes: number,
  already: number,
  report: ((progress: Progress) => void) | undefined,
): BytesReporter {
  const startedAt = performance.now();
  let doneBytes = already;
  let reportedAt = -Infinity;
  return {
    add(bytes, tensor) {
      doneBytes += bytes;
      const now = performance.now();
      if (now - reportedAt < REPORT_INTERVAL && doneBytes < totalBytes) return;
      reportedAt = now;
      const rate = (doneBytes - already) / (now - startedAt);
      report?.({
        phase,
        doneBytes,
        totalBytes,
        remainingSeconds: rate > 0 ? (totalBytes - doneBytes) / rate / 1000 : null,
        tensor,
      });
    },
  };
}
