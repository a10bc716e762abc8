/** Where the answers of an evaluation come from, for its title. */
import type { RunSummary } from '../summary.js';

/** @param question a request, perhaps from disk; undefined where its checkpoints are asked */
export function answersOf(question: unknown): RunSummary['answers'] {
  if (typeof question !== 'object' || question === null) return undefined;
  return 'regrade' in question && question.regrade !== undefined ? 'regraded' : undefined;
}
