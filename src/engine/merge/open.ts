/** A recipe as a checkpoint: compared, probed, run and used in other recipes like any other, without a byte written. */
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRecipePath } from '../checkpoint/base.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { fileError, malformed, shown } from '../checkpoint/failure.js';
import { readText } from '../checkpoint/text.js';
import { type ErrorCode, FrankensteinError, throwIfCancelled } from '../errors.js';
import type { Recipe } from './recipe/ast.js';
import { parseRecipe } from './recipe/parse.js';
import type { ProblemCode, RecipeProblem } from './recipe/problem.js';
import { TEXT_LIMIT } from './recipe/tree.js';
import { RecipeCycle, type ResolvedRecipe, resolveRecipe } from './resolve.js';
import { virtualCheckpoint } from './virtual.js';

/** Recipes in recipes in recipes. */
const NESTING_LIMIT = 8;

/**
 * Reads a recipe and holds it against its checkpoints.
 * @param open opens what the recipe names; `within` are the recipes that are being opened, this one included.
 * @throws `not-found`, `permission`, `malformed` for the file itself and for a recipe that uses itself.
 */
export async function readRecipe(
  given: string,
  open: (path: string, within: readonly string[]) => Promise<Checkpoint>,
  within: readonly string[] = [],
  signal?: AbortSignal,
): Promise<OpenedRecipe> {
  const file = path.resolve(given);
  let real: string;
  try {
    real = await realpath(file);
    if (!(await stat(real)).isFile()) throw malformed(file, 'is not a file.');
  } catch (error) {
    throw fileError(error, file);
  }
  if (within.length >= NESTING_LIMIT)
    throw malformed(file, `is a recipe in ${NESTING_LIMIT} others; that is as deep as they go.`);
  // UTF-8 has at most four bytes a character.
  const text = await readText(file, 4 * TEXT_LIMIT, signal);
  const chain = [...within, real];
  return resolveText(
    text,
    path.dirname(file),
    async (location) => {
      if (isRecipePath(location) && chain.includes(await realpath(location).catch(() => location)))
        throw new RecipeCycle(location);
      return open(location, chain);
    },
    signal,
  );
}

type OpenedRecipe = { recipe: Recipe; text: string } & ResolvedRecipe;

async function resolveText(
  text: string,
  folder: string,
  open: (path: string) => Promise<Checkpoint>,
  signal: AbortSignal | undefined,
): Promise<OpenedRecipe> {
  const parsed = parseRecipe(text);
  const resolved = await resolveRecipe(parsed, {
    folder,
    open: (location) => {
      throwIfCancelled(signal);
      return open(location);
    },
  });
  return { recipe: parsed.recipe, text, ...resolved };
}

/**
 * Opens a recipe as a checkpoint.
 * @throws `malformed`, `not-found`, `mismatch` or `unsupported` with the first thing that is wrong and its line.
 */
export async function openRecipe(
  given: string,
  open: (path: string, within: readonly string[]) => Promise<Checkpoint>,
  within: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const file = path.resolve(given);
  return checkpointOf(
    file,
    path.basename(file).replace(/(?:\.frank)?\.ya?ml$/i, ''),
    await readRecipe(file, open, within, signal),
  );
}

/**
 * Opens a recipe that is no file.
 * @param folder what the recipe names is looked up from here.
 * @throws as `openRecipe`.
 */
export async function openRecipeText(
  text: string,
  folder: string,
  open: (path: string) => Promise<Checkpoint>,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const whole = path.resolve(folder);
  // A name of its own: what is kept per checkpoint is kept by path.
  const name = `recipe-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return checkpointOf(path.join(whole, name), 'recipe', await resolveText(text, whole, open, signal));
}

function checkpointOf(file: string, label: string, opened: OpenedRecipe): Checkpoint {
  const { recipe, text, problems, plan } = opened;
  const { form } = recipe;
  if (plan === undefined || form === undefined) throw failure(file, text, problems);
  return virtualCheckpoint(file, label, { ...opened, plan, recipe: { ...recipe, form } });
}

const CODES: Partial<Record<ProblemCode, ErrorCode>> = {
  'no-checkpoint': 'not-found',
  unsupported: 'unsupported',
  vocabulary: 'mismatch',
  'family-mismatch': 'mismatch',
  'shape-mismatch': 'mismatch',
  'tensor-missing': 'mismatch',
};

function failure(file: string, text: string, problems: readonly RecipeProblem[]): FrankensteinError {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return malformed(file, 'says nothing that could be made.');
  const line = text.slice(0, first.offset).split('\n').length;
  const more =
    errors.length > 1 ? ` (${errors.length - 1} more ${errors.length === 2 ? 'error' : 'errors'} in it.)` : '';
  return new FrankensteinError(
    CODES[first.code] ?? 'malformed',
    `${shown(file)}, line ${line}: ${first.message}${more}`,
  );
}
