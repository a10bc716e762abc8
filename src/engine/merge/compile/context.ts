/**
 * What the passes of one compilation share: the open checkpoints, their order of use, and where problems are reported.
 */
import type { ProblemCode, RecipeProblem, Report, Span } from '../recipe/problem.js';
import type { Reference } from '../recipe/ast.js';
import type { Source } from './types.js';

export class Compilation {
  /** In order of first use. */
  readonly sources: Source[] = [];
  /** Something makes the result impossible; it has been reported. */
  failed = false;

  /**
   * @param sourceOf the open checkpoint that a reference means.
   * @param text of the recipe: fixes are edits of it.
   */
  constructor(
    readonly sourceOf: (reference: Reference) => Source,
    readonly text: string,
    readonly report: Report,
  ) {}

  /** The source's index in order of first use; this may be its first. */
  indexOf(source: Source): number {
    const index = this.sources.indexOf(source);
    return index >= 0 ? index : this.sources.push(source) - 1;
  }

  /** Reports what makes the result impossible. */
  fail(code: ProblemCode, { offset, length }: Span, message: string, fix?: RecipeProblem['fix']): undefined {
    this.report({ code, severity: 'error', offset, length, message, fix });
    this.failed = true;
    return undefined;
  }
}
