/** Completions put together by what was asked, and the step that is meant. No DOM. */
import type { CompletionRow, TextPart } from '../../src/protocol/engineApi.js';

export interface PromptGroup {
  prompt: readonly TextPart[];
  rows: CompletionRow[];
}

/** Completions of one prompt stand beside each other, as the trainer compares them; in the order of the log. */
export function byPrompt(rows: readonly CompletionRow[]): PromptGroup[] {
  const groups = new Map<string, PromptGroup>();
  for (const row of rows) {
    const key = JSON.stringify(row.prompt);
    const group = groups.get(key) ?? { prompt: row.prompt, rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}

/** The step itself, or the nearest that has completions; the latest where none is meant. */
export function nearestStep(steps: readonly number[], step: number | null): number | null {
  if (steps.length === 0) return null;
  if (step === null) return steps.at(-1)!;
  return steps.reduce((best, one) => (Math.abs(one - step) < Math.abs(best - step) ? one : best));
}
