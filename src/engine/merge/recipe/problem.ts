/** What is wrong with a recipe, where in its text, and what would mend it. */

/** A range of the recipe's text, in UTF-16 code units as editors count. */
export interface Span {
  offset: number;
  length: number;
}

export interface Located<T> extends Span {
  value: T;
}

/** Stable across versions: quick fixes and tests name these. */
export type ProblemCode =
  /** The text is no YAML. */
  | 'yaml'
  | 'too-large'
  | 'unknown-key'
  | 'duplicate-key'
  | 'missing-key'
  /** Keys that exclude each other, or none of those of which one is needed. */
  | 'conflicting-keys'
  | 'wrong-type'
  | 'bad-value'
  | 'unknown-method'
  | 'unknown-parameter'
  /** The method takes the parameter, but in another place. */
  | 'parameter-place'
  | 'missing-parameter'
  | 'missing-base'
  | 'model-count'
  /** mergekit has it, this does not. */
  | 'unsupported'
  /** A name that is no role, or a path where nothing lies. */
  | 'no-checkpoint'
  /** The recipe uses itself. */
  | 'cycle'
  | 'layer-range'
  | 'unused-filter'
  | 'unknown-module'
  /** Parts of the model that the recipe leaves out. */
  | 'parts-missing'
  | 'family-mismatch'
  | 'shape-mismatch'
  | 'tensor-missing'
  | 'vocabulary'
  /** Something that is done otherwise than the user may think; nothing is wrong. */
  | 'note';

export type Severity = 'error' | 'warning' | 'information';

export interface TextEdit extends Span {
  text: string;
}

export interface RecipeProblem extends Span {
  code: ProblemCode;
  severity: Severity;
  /** A sentence. */
  message: string;
  fix?: { title: string; edits: TextEdit[] } | undefined;
}

export type Report = (problem: RecipeProblem) => void;

export function hasErrors(problems: readonly RecipeProblem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

/** The name among `known` that was probably meant; undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const steps = editDistance(wanted, candidate.toLowerCase(), least);
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best;
}

/** Letters to insert, remove, replace or swap with their neighbour; `limit` when there are as many or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit || a.length > 100) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let steps = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps = Math.min(steps, before[j - 2]! + 1);
      row.push(steps);
    }
    [before, last] = [last, row];
  }
  return Math.min(limit, last[b.length]!);
}
