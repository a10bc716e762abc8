/** The result of a recipe as a checkpoint, without a byte written. */
import path from 'node:path';
import { TOKENIZER_FILES } from '../checkpoint/auxiliary.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { shown } from '../checkpoint/failure.js';
import { configOf } from './config.js';
import type { RecipePlan, Source } from './compile/types.js';
import { contentOf } from './content.js';
import { formOf } from './forms/list.js';
import type { Form, Recipe, Reference } from './recipe/ast.js';
import type { RecipeProblem } from './recipe/problem.js';

/** A recipe without errors, compiled. */
export interface CompiledRecipe {
  recipe: Recipe & { form: Form };
  plan: RecipePlan;
  /** Whose tokenizer files the result has, where the recipe says; the owner's else. */
  tokenizer: Source | undefined;
  sourceOf: (reference: Reference) => Source | undefined;
}

/** @param file the recipe's, which need not be there. */
export function virtualCheckpoint(
  file: string,
  label: string,
  { recipe, plan, tokenizer, sourceOf, problems }: CompiledRecipe & { problems: readonly RecipeProblem[] },
): Checkpoint {
  const owner = plan.sources[plan.owner]!.checkpoint;
  const files = new Map(owner.files);
  if (tokenizer !== undefined) {
    for (const name of [...files.keys()]) if (TOKENIZER_FILES.includes(name)) files.delete(name);
    for (const [name, location] of tokenizer.checkpoint.files)
      if (TOKENIZER_FILES.includes(name)) files.set(name, location);
  }
  const { form, chatTemplate } = recipe;
  const sources = [...new Set([...plan.sources, ...(tokenizer ? [tokenizer] : [])])];
  return {
    path: file,
    folder: path.dirname(file),
    shards: [],
    tensors: plan.tensors,
    config: configOf(owner, plan, recipe),
    family: owner.family,
    layout: owner.layout,
    layers: plan.layers.length,
    visionLayers: plan.visionLayers.length,
    visionStacks:
      plan.visionLayers.length === owner.visionLayers
        ? owner.visionStacks
        : owner.visionStacks.map((blocks) => (blocks > 0 ? plan.visionLayers.length : 0)),
    files,
    warnings: problems.filter(({ severity }) => severity === 'warning').map(({ message }) => message),
    virtual: {
      kind: 'recipe',
      label,
      summary: formOf(form).summary(plan, (reference) => shown(sourceOf(reference)!.label)),
      sources: sources.map(({ checkpoint }) => checkpoint),
      recipe: contentOf(
        recipe,
        plan,
        (reference) => sources.indexOf(sourceOf(reference)!),
        tokenizer && sources.indexOf(tokenizer),
      ),
      chatTemplate: chatTemplate?.value,
    },
  };
}
