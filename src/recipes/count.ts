/** What is wrong with a recipe, counted and quoted as the Problems view shows it. */
import type { RecipeProblem } from '../protocol/engineApi.js';

/** In the order in which the Problems view lists them. */
const SEVERITIES = [
  ['error', 'error', 'errors'],
  ['warning', 'warning', 'warnings'],
  ['information', 'note', 'notes'],
] as const;

/** `1 error, 2 warnings`, and the sentence that the Problems view has first; undefined where there is none. */
export function countOf(problems: readonly RecipeProblem[]): { counted: string; first: string } | undefined {
  const listed = SEVERITIES.map(([severity, one, several]) => {
    const found = problems.filter((problem) => problem.severity === severity);
    return { found, counted: `${found.length} ${found.length === 1 ? one : several}` };
  }).filter(({ found }) => found.length > 0);
  const inOrder = listed[0]?.found.toSorted((a, b) => a.offset - b.offset || a.length - b.length);
  if (inOrder === undefined) return undefined;
  return { counted: listed.map(({ counted }) => counted).join(', '), first: inOrder[0]!.message };
}
