/**
 * Opens whatever a user means by a checkpoint, recipes included. The recipe language is loaded with the first recipe.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { openNested, type OpenRecipe } from '../checkpoint/open.js';

const openRecipe: OpenRecipe = async (...args) => (await import('./open.js')).openRecipe(...args);

/**
 * Opens the checkpoint that `given` points at: a folder, its config.json, its index, model.safetensors, any shard, a
 * lone .safetensors file, an adapter, which is opened with its base (the one that its config names, or the one in front
 * of it in `BASE+ADAPTER`), or a recipe. Reads headers, index and config; no weights.
 * @throws `not-found`, `no-base`, `permission`, `malformed`, `mismatch`, `unsupported`, `changed`, `cancelled`
 */
export function openCheckpoint(given: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Checkpoint> {
  return openNested(given, openRecipe, options.signal);
}

/** The same for a stage of a request, which may be a recipe that is no file. @throws as `openCheckpoint` */
export async function openStage(
  { path: location, recipe }: { path: string; recipe?: string | undefined },
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Checkpoint> {
  if (recipe === undefined) return openCheckpoint(location, options);
  const { openRecipeText } = await import('./open.js');
  return openRecipeText(recipe, location, (at) => openNested(at, openRecipe, options.signal), options.signal);
}
