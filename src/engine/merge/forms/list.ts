/** Every form of recipes. A new one is a file beside this, a line here, and its type in `recipe/ast.ts`. */
import type { Compilation } from '../compile/context.js';
import type { Layout } from '../compile/layout.js';
import type { RecipePlan } from '../compile/types.js';
import type { MergekitContext } from '../mergekit/context.js';
import type { Form, Reference } from '../recipe/ast.js';
import type { Report } from '../recipe/problem.js';
import type { MapNode } from '../recipe/tree.js';
import type { Identity, RecipeForm } from './form.js';
import { interpolate } from './interpolate.js';
import { merge } from './merge/merge.js';
import { noise } from './noise.js';
import { stitch } from './stitch.js';

/** In the order in which a recipe is held against them. */
const LIST = [stitch, interpolate, noise, merge] as unknown as readonly RecipeForm[];

/** What a recipe does; undefined when that is not understood. */
export function readForm(root: MapNode, report: Report): Form | undefined {
  return LIST.find((form) => form.stands(root))!.read(root, report);
}

/** Reports what is wrong that needs no checkpoint. */
export function checkForm(form: Form, identity: Identity, report: Report): void {
  declarationOf(form).check?.(form, identity, report);
}

/** What the form of a recipe can do, with its own keys. */
export function formOf(form: Form) {
  const declared = declarationOf(form);
  return {
    notInMergekit: declared.notInMergekit,
    references: (): Reference[] => declared.references(form),
    layout: (compilation: Compilation) => declared.layout(form, compilation),
    diagnose: (layout: Layout, compilation: Compilation) => declared.diagnose?.(form, layout, compilation),
    summary: (plan: RecipePlan, named: (reference: Reference) => string) => declared.summary(form, plan, named),
    toMergekit: (context: MergekitContext) => declared.toMergekit?.(form, context),
  };
}

function declarationOf(form: Form): RecipeForm {
  return LIST.find(({ kind }) => kind === form.kind)!;
}
