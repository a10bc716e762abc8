/**
 * The compiler: from a recipe and its open checkpoints to the tensors of the result, in three passes. Layout says which
 * tensors meet, bind gives them their values, diagnose says what is wrong. Reads no weight.
 */
import type { Tensor } from '../../checkpoint/checkpoint.js';
import { bytesOf } from '../../tensors/elements.js';
import { formOf } from '../forms/list.js';
import { type Recipe, type Reference } from '../recipe/ast.js';
import type { Report } from '../recipe/problem.js';
import { bind } from './bind.js';
import { Compilation } from './context.js';
import { diagnoseExtra, diagnoseSource, diagnoseTroubles } from './diagnose.js';
import type { Layout } from './layout.js';
import type { RecipePlan, Source } from './types.js';

/**
 * Plans a recipe without errors so far.
 * @param sourceOf the open checkpoint that a reference means.
 * @param text of the recipe: fixes are edits of it.
 * @returns undefined when there is something that makes the result impossible; it has been reported.
 */
export function planRecipe(
  recipe: Recipe,
  sourceOf: (reference: Reference) => Source,
  text: string,
  report: Report,
): RecipePlan | undefined {
  if (recipe.form === undefined) return undefined;
  const form = formOf(recipe.form);
  for (const reference of form.references()) diagnoseSource(reference, sourceOf(reference), report);
  const compilation = new Compilation(sourceOf, text, report);
  const layout = form.layout(compilation);
  if (layout === undefined) return undefined;
  const { label, languageOf } = layout.owner;
  if (languageOf !== undefined)
    return compilation.fail(
      'family-mismatch',
      form.references()[0]!,
      `${label} is a text model, which can give language layers to ${languageOf} but not be the model that takes them: ` +
        `let ${languageOf} give everything else.`,
    );
  const { tensors, troubles } = bind(layout, recipe);
  diagnoseTroubles(troubles, report);
  if (compilation.failed || troubles.length > 0) return undefined;
  diagnoseExtra(compilation.sources, report);
  form.diagnose(layout, compilation);
  return resultOf(layout, tensors, compilation);
}

function resultOf(
  { owner, layers, visionLayers, sections }: Layout,
  found: ReadonlyMap<string, Tensor>,
  compilation: Compilation,
): RecipePlan {
  // In the owner's order, as a loader finds them.
  const order = [...owner.checkpoint.tensors.keys()].filter((name) => found.has(name));
  const tensors = new Map([...order, ...found.keys()].map((name) => [name, found.get(name)!]));
  const count = (wanted: (tensor: Tensor) => boolean) => {
    const some = [...tensors.values()].filter(wanted);
    return { tensors: some.length, bytes: some.reduce((sum, tensor) => sum + bytesOf(tensor), 0) };
  };
  return {
    sources: compilation.sources,
    owner: compilation.indexOf(owner),
    tensors,
    layers,
    visionLayers,
    sections: [...sections].map(([section, from]) => ({ section, from: [...from] })),
    stored: count(({ expression }) => expression === undefined),
    computed: count(({ expression }) => expression !== undefined),
  };
}
