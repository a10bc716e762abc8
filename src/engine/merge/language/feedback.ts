/** What an editor shows of a recipe that is being written: problems, and which checkpoint each layer comes from. */
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { isElsewhere } from '../../checkpoint/base.js';
import { openCheckpoint } from '../checkpoint.js';
import { FrankensteinError } from '../../errors.js';
import { type MergekitConfig, toMergekit } from '../mergekit/mergekit.js';
import type { RecipePlan } from '../compile/types.js';
import { parseRecipe } from '../recipe/parse.js';
import type { RecipeProblem } from '../recipe/problem.js';
import { resolveRecipe, type ResolvedRecipe } from '../resolve.js';
import { completeRecipe } from './complete.js';
import type { RecipeCompletion, RecipeSurroundings } from './completion.js';

export interface RecipeFeedback {
  problems: RecipeProblem[];
  /** Null while there are errors. */
  made: RecipeSketch | null;
}

export interface RecipeSketch {
  /** What the checkpoints are called, in order of first use. */
  labels: string[];
  /** Language layers in order: indices into `labels`, and the fraction of the second of two. */
  layers: { from: number[]; fraction: number | null }[];
  /** Whose everything else is. */
  owner: number;
  tensors: number;
  /** Of those, how many are computed; the others lie in a file as they are. */
  computed: number;
  /** Bytes that an export would write. */
  bytes: number;
}

/** @param request.file where the text is, or will be, saved: what it names is relative to its folder. */
export async function checkRecipe(
  { file, text }: { file: string; text: string },
  { signal }: CallContext<never> = {},
): Promise<RecipeFeedback> {
  const { problems, plan } = await resolve(file, text, signal);
  return { problems, made: plan === undefined ? null : sketchOf(plan) };
}

/** The recipe as mergekit writes it. @throws `malformed` when the recipe has errors. */
export async function mergekitFormat(
  { file, text }: { file: string; text: string },
  { signal }: CallContext<never> = {},
): Promise<MergekitConfig> {
  const { plan, problems, sourceOf } = await resolve(file, text, signal);
  if (plan === undefined)
    throw new FrankensteinError(
      'malformed',
      'The recipe has errors; the first: ' +
        `${problems.find(({ severity }) => severity === 'error')?.message ?? 'it says nothing that could be made.'}`,
    );
  return toMergekit(parseRecipe(text).recipe, plan, sourceOf);
}

/** The recipe held against its checkpoints. */
function resolve(file: string, text: string, signal: AbortSignal | undefined): Promise<ResolvedRecipe> {
  return resolveRecipe(parseRecipe(text), {
    folder: path.dirname(path.resolve(file)),
    open: (place) => openCheckpoint(place, { signal }),
  });
}

function sketchOf({ sources, layers, owner, stored, computed }: RecipePlan): RecipeSketch {
  return {
    labels: sources.map(({ label }) => label),
    layers: layers.map(({ from, fraction }) => ({ from: from.map(({ source }) => source), fraction })),
    owner,
    tensors: stored.tensors + computed.tensors,
    computed: computed.tensors,
    bytes: stored.bytes + computed.bytes,
  };
}

/**
 * Completion with what lies around the recipe.
 * @param request.checkpoints absolute paths of those that are known.
 */
export async function completeInPlace(
  {
    file,
    text,
    offset,
    checkpoints,
  }: { file: string; text: string; offset: number; checkpoints: readonly { path: string; label: string }[] },
  { signal }: CallContext<never> = {},
): Promise<RecipeCompletion[]> {
  const folder = path.dirname(path.resolve(file));
  const around: RecipeSurroundings = {
    checkpoints: checkpoints.map(({ path: place, label }) => ({ path: relativeTo(folder, place), label })),
    ...(await contentsOf(folder, text, signal)),
  };
  return completeRecipe(text, offset, around);
}

/** As a person would write it; absolute where it lies far away. */
function relativeTo(folder: string, place: string): string {
  const relative = path.relative(folder, place);
  const far = relative.split(path.sep).filter((part) => part === '..').length > 3 || path.isAbsolute(relative);
  return far ? place : (relative === '' ? '.' : relative).replaceAll(path.sep, '/');
}

/** Tensors and layers of the first checkpoint that the text names and that opens: its family has the same. */
async function contentsOf(
  folder: string,
  text: string,
  signal: AbortSignal | undefined,
): Promise<Pick<RecipeSurroundings, 'tensors' | 'layers'>> {
  for (const { location } of parseRecipe(text).recipe.checkpoints) {
    if (isElsewhere(location.value)) continue;
    try {
      const checkpoint = await openCheckpoint(path.resolve(folder, location.value), { signal });
      return { tensors: [...checkpoint.tensors.keys()], layers: checkpoint.layers };
    } catch {
      // Diagnostics say what is wrong with it.
    }
  }
  return { tensors: [], layers: undefined };
}
