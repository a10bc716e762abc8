/** Matches untrusted regular expressions against many tensor names, within a time limit. */
import { inBoundedThread } from './bounded.js';

/** Milliseconds. Three hundred patterns over three hundred names take a tenth of it. */
const LIMIT = 800;

/**
 * For every name the number of the first pattern that fits it; -1 where none does. Patterns are tried in a thread with
 * limits: one may backtrack for ever, and so may many that are harmless one by one.
 * @param sentence says so when they take too long.
 * @throws `LimitError`, `cancelled`; a `SyntaxError` for a pattern that is none
 */
export async function firstMatches(
  patterns: readonly string[],
  names: readonly string[],
  sentence: () => string,
  signal?: AbortSignal,
): Promise<readonly number[]> {
  if (patterns.length === 0 || names.length === 0) return names.map(() => -1);
  return inBoundedThread<number[]>(MATCHER, { patterns, names }, LIMIT, sentence, signal);
}

const MATCHER = `
answer(({ patterns, names }) => {
  const expressions = patterns.map((pattern) => new RegExp(pattern));
  return names.map((name) => expressions.findIndex((expression) => expression.test(name)));
});
`;
