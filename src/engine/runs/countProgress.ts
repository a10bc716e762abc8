/** Progress in samples × depths with the time left, reported at a rate that people can read. */
import type { CountProgress } from '../calls.js';

/** Milliseconds between reports. */
const REPORT_INTERVAL = 100;

export interface CountReporter {
  phase(phase: string): void;
  /** So much of the batch under way. */
  advance(count: number): void;
  /** A batch is on record: it counted for this much. */
  settle(count: number): void;
}

/** `already` was done by an earlier run: it counts as done, and not towards the rate. */
export function createCountReporter(
  total: number,
  already: number,
  report: ((progress: CountProgress) => void) | undefined,
): CountReporter {
  let phase = '';
  let settled = already;
  let underWay = 0;
  let startedAt: number | undefined;
  let reportedAt = -Infinity;
  const show = (always: boolean) => {
    const now = performance.now();
    const done = Math.min(total, settled + underWay);
    if (!always && now - reportedAt < REPORT_INTERVAL) return;
    reportedAt = now;
    const rate = startedAt === undefined ? 0 : (done - already) / (now - startedAt);
    report?.({ phase, done, total, remainingSeconds: rate > 0 ? (total - done) / rate / 1000 : null });
  };
  return {
    phase(name) {
      phase = name;
      // Time counts from the first phase, which opens the model: on a slow disk, opening is part of the time remaining.
      startedAt ??= performance.now();
      show(true);
    },
    advance(count) {
      underWay += count;
      show(false);
    },
    settle(count) {
      settled += count;
      underWay = 0;
      show(settled === total);
    },
  };
}
