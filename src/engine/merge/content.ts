/** The content hash that names a recipe's result. */
import { isRecord } from './config.js';
import type { RecipePlan } from './compile/types.js';
import { formOf } from './forms/list.js';
import type { Recipe, Reference } from './recipe/ast.js';

/**
 * What tells this recipe's result from another's over the same sources: what was meant, without places, spelling or
 * paths; a checkpoint by its number among the sources.
 */
export function contentOf(
  recipe: Recipe,
  plan: RecipePlan,
  indexOf: (reference: Reference) => number,
  tokenizer: number | undefined,
): unknown {
  const { form, dtype, chatTemplate, seed } = recipe;
  const references = new Set<unknown>(formOf(form!).references());
  const strip = (value: unknown): unknown => {
    if (references.has(value)) return indexOf(value as Reference);
    if (Array.isArray(value)) return value.map(strip);
    if (!isRecord(value)) return value;
    const kept = Object.entries(value).filter(
      ([key, one]) => key !== 'offset' && key !== 'length' && key !== 'span' && one !== undefined,
    );
    return kept.length === 1 && kept[0]![0] === 'value'
      ? strip(kept[0]![1])
      : Object.fromEntries(kept.map(([key, one]) => [key, strip(one)]));
  };
  const layers = plan.layers.map(({ from }) => from.map(({ source, layer }) => [source, layer]));
  return {
    form: strip(form),
    owner: plan.owner,
    layers,
    dtype: dtype?.value ?? null,
    tokenizer: tokenizer ?? null,
    chatTemplate: chatTemplate?.value ?? null,
    seed,
  };
}
