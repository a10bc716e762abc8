/** What a user should know about a model that does not fit its budget. */
import { thousands } from '../checkpoint/failure.js';
import type { Model } from './model.js';

/** A sentence, where weights are read again for every token. */
export function streamingNotice({ plan, spec }: Model): string[] {
  if (plan.streamedBytes === 0) return [];
  const { layers } = spec.language;
  const kept = plan.residentLayers === 0 ? 'none' : thousands(plan.residentLayers);
  return [
    `The model is larger than the memory budget: ${kept} of its ${thousands(layers)} layers stay in memory, ` +
      `and ${gigabytes(plan.streamedBytes)} are read for every token. ` +
      `A budget of ${gigabytes(plan.wholeBytes)} would hold it all.`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
