/** What a spectrum will cost, in words. No DOM. */
import type { SpectrumPlan } from '../../src/protocol/engineApi.js';
import { formatBytes, formatDuration, plural } from '../format.js';

/** `412`, `49.8 GB`, `about 12 min`, `at most 1.9 GB`. */
export function planFacts(plan: SpectrumPlan): [string, string][] {
  return [
    ['Matrices', plan.matrices.toLocaleString('en')],
    ['Reads', formatBytes(plan.bytes)],
    ['Takes', `about ${formatDuration(plan.seconds)} with ${plural(plan.threads, 'thread')}`],
    ['Memory', `at most ${formatBytes(plan.memory)}`],
  ];
}
