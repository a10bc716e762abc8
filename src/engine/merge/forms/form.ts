/** What a form of recipes is: one of the things that a recipe can do, from its keys to the tensors of its result. */
import type { Compilation } from '../compile/context.js';
import type { Layout } from '../compile/layout.js';
import type { RecipePlan } from '../compile/types.js';
import type { MergekitContext } from '../mergekit/context.js';
import type { Form, Reference } from '../recipe/ast.js';
import type { Report } from '../recipe/problem.js';
import type { MapNode } from '../recipe/tree.js';

/** Whether two references mean the same checkpoint: the same text for those that do. */
export type Identity = (reference: Reference) => string;

export interface RecipeForm<F extends Form = Form> {
  kind: F['kind'];
  /** Whether the recipe is of this form. */
  stands(root: MapNode): boolean;
  /** Undefined when it was not understood, which is reported here or by `check`. */
  read(root: MapNode, report: Report): F | undefined;
  /** What is wrong that needs no checkpoint. */
  check?(form: F, identity: Identity, report: Report): void;
  /** In order of appearance; one that is used often stands there often. */
  references(form: F): Reference[];
  /** Which tensors meet; undefined where that is impossible, which is reported. */
  layout(form: F, compilation: Compilation): Layout | undefined;
  /** What a user may not expect of a result. */
  diagnose?(form: F, layout: Layout, compilation: Compilation): void;
  /** What it does, for people. @param named what a reference is called */
  summary(form: F, plan: RecipePlan, named: (reference: Reference) => string): string;
  /** Why mergekit cannot do it, in a sentence. Otherwise `toMergekit` is there. */
  notInMergekit?: string;
  /** Its keys in a config of mergekit; undefined where there are none, which is among the context's refusals. */
  toMergekit?(form: F, context: MergekitContext): Record<string, unknown> | undefined;
}
