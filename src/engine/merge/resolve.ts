/**
 * Resolves a recipe: finds and opens the checkpoints it names, plans the result, and reports each problem with its
 * position in the text. Editors use the problems; everything else uses the plan.
 */
import { stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inCache, isElsewhere } from '../checkpoint/base.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { shown } from '../checkpoint/failure.js';
import { checkpointLabel } from '../checkpoint/hub.js';
import { parsePythonJson } from '../checkpoint/json.js';
import { readText } from '../checkpoint/text.js';
import { FrankensteinError } from '../errors.js';
import { planRecipe } from './compile/plan.js';
import { asDonor } from './donor.js';
import type { RecipePlan, Source } from './compile/types.js';
import { formOf } from './forms/list.js';
import { locationOf, type Recipe, type Reference } from './recipe/ast.js';
import type { ParsedRecipe } from './recipe/parse.js';
import { hasErrors, nearest, type RecipeProblem } from './recipe/problem.js';

export interface ResolveOptions {
  /** Paths in the recipe are relative to this folder: its own. */
  folder: string;
  /** Opens a checkpoint, or a recipe as one. */
  open: (path: string) => Promise<Checkpoint>;
}

export interface ResolvedRecipe {
  /** Those of the text and those of the checkpoints, in the order of the text. */
  problems: RecipeProblem[];
  /** Undefined when there are errors. */
  plan: RecipePlan | undefined;
  /** Whose tokenizer files the result has, where the recipe says; the owner's else. */
  tokenizer: Source | undefined;
  /** The checkpoint that a reference of the recipe means; undefined where it could not be opened. */
  sourceOf: (reference: Reference) => Source | undefined;
}

/** Never throws for what the recipe says; throws `cancelled`. */
export async function resolveRecipe(parsed: ParsedRecipe, { folder, open }: ResolveOptions): Promise<ResolvedRecipe> {
  const problems = [...parsed.problems];
  const report = (problem: RecipeProblem) => void problems.push(problem);
  const { recipe } = parsed;
  const byLocation = new Map<string, Source | undefined>();
  const sourceOf = ({ value }: Reference) => byLocation.get(locationOf(recipe, value));
  const finish = (plan: RecipePlan | undefined, tokenizer: Source | undefined): ResolvedRecipe => {
    problems.sort((a, b) => a.offset - b.offset || a.length - b.length);
    return { problems, plan: hasErrors(problems) ? undefined : plan, tokenizer, sourceOf };
  };
  if (recipe.form === undefined) return finish(undefined, undefined);

  const named =
    recipe.tokenizer !== undefined && recipe.tokenizer.value !== 'base' && recipe.tokenizer.value !== 'union'
      ? recipe.tokenizer
      : undefined;
  const references = [...formOf(recipe.form).references(), ...(named ? [named] : [])];
  const byPath = new Map<string, Promise<Source | undefined>>();
  const first = new Map(
    references.map((reference) => [locationOf(recipe, reference.value), reference] as const).reverse(),
  );
  await Promise.all(
    [...first].map(async ([location, reference]) =>
      byLocation.set(location, await openSource(recipe, reference, { folder, open }, byPath, report)),
    ),
  );
  findDonors(recipe, byLocation, first, report);
  if (hasErrors(problems)) return finish(undefined, undefined);
  const plan = planRecipe(recipe, (reference) => sourceOf(reference)!, parsed.text, report);
  if (plan === undefined) return finish(undefined, undefined);
  return finish(plan, await tokenizerOf(recipe, plan, named && sourceOf(named), report));
}

/** Text models beside a vision-language model stand for its language model, where they are one. */
function findDonors(
  recipe: Recipe,
  byLocation: Map<string, Source | undefined>,
  references: ReadonlyMap<string, Reference>,
  report: (problem: RecipeProblem) => void,
): void {
  const whole = [...references.keys()]
    .map((location) => byLocation.get(location))
    .find((source) => (source?.checkpoint.visionLayers ?? 0) > 0);
  if (whole === undefined) return;
  const named = recipe.tokenizer && locationOf(recipe, recipe.tokenizer.value);
  for (const [location, source] of byLocation) {
    const { offset, length } = references.get(location)!;
    if (source === undefined || location === named) continue;
    try {
      const donor = asDonor(source, whole);
      if (donor === undefined) continue;
      byLocation.set(location, donor.source);
      for (const message of donor.notes) report({ code: 'note', severity: 'warning', offset, length, message });
    } catch (error) {
      if (!(error instanceof FrankensteinError)) throw error;
      report({ code: 'family-mismatch', severity: 'error', offset, length, message: error.message });
    }
  }
}

async function openSource(
  recipe: Recipe,
  reference: Reference,
  { folder, open }: ResolveOptions,
  opened: Map<string, Promise<Source | undefined>>,
  report: (problem: RecipeProblem) => void,
): Promise<Source | undefined> {
  const { value } = reference;
  const location = locationOf(recipe, value);
  const named = recipe.checkpoints.find((one) => one.location.value === location && location !== value);
  // What is wrong with a path is said where the path stands, not at each use of its name.
  const { offset, length } = named?.location ?? reference;
  const target = await resolveLocation(location, folder);
  if (target === undefined) {
    const roles = recipe.checkpoints.map(({ role }) => role.value);
    const close = nearest(value, roles);
    report({
      code: 'no-checkpoint',
      severity: 'error',
      offset,
      length,
      message: location.split('+').some(isElsewhere)
        ? `${shown(location)} lies on another machine, which a recipe does not reach for: name a folder of this one.`
        : named !== undefined
          ? `${shown(named.role.value)}: no checkpoint at ${shown(location)}. A path is relative to the ` +
            'recipe, and a repository must be in the Hugging Face cache.'
          : `"${shown(value)}" is no role of this recipe${roles.length > 0 ? ` (${roles.join(', ')})` : ''}, ` +
            'nothing lies there, and it is not in the Hugging Face cache.',
      fix:
        close === undefined || named !== undefined
          ? undefined
          : { title: `Change to ${close}`, edits: [{ offset, length, text: close }] },
    });
    return undefined;
  }
  const opening =
    opened.get(target) ??
    open(target).then(
      (checkpoint): Source => ({
        path: target,
        checkpoint,
        label: location === value ? (checkpoint.virtual?.label ?? checkpointLabel(checkpoint.folder)) : value,
      }),
      (error: unknown) => {
        if (!(error instanceof FrankensteinError) || error.code === 'cancelled' || error.code === 'internal')
          throw error;
        report({
          code: error instanceof RecipeCycle ? 'cycle' : 'no-checkpoint',
          severity: 'error',
          offset,
          length,
          message: error.message,
        });
        return undefined;
      },
    );
  opened.set(target, opening);
  return opening;
}

/** A recipe that uses itself, through others or not. */
export class RecipeCycle extends FrankensteinError {
  constructor(recipe: string) {
    super('malformed', `${shown(recipe)} uses itself, so there is nothing that it could be made of.`);
  }
}

/**
 * Where a location leads: a path relative to the recipe, one below the user's home (`~/`), a repository of the Hugging
 * Face cache with or without a revision (`org/name@revision`), or a model with an adapter (`MODEL+ADAPTER`). Recipes
 * are written by their user, so a path may lead anywhere that the user may read.
 */
async function resolveLocation(location: string, folder: string): Promise<string | undefined> {
  if (location.includes('\0') || isElsewhere(location)) return undefined;
  const home = /^~[/\\]/.test(location) ? path.join(os.homedir(), location.slice(2)) : location;
  const there = path.resolve(folder, home);
  if (await exists(there)) return there;
  const plus = location.lastIndexOf('+');
  if (plus > 0) {
    const [base, adapter] = [
      await resolveLocation(location.slice(0, plus), folder),
      await resolveLocation(location.slice(plus + 1), folder),
    ];
    return base === undefined || adapter === undefined ? undefined : `${base}+${adapter}`;
  }
  const at = location.lastIndexOf('@');
  return at > 0 ? inCache(location.slice(0, at), location.slice(at + 1)) : inCache(location, undefined);
}

function exists(target: string): Promise<boolean> {
  return stat(target).then(
    () => true,
    () => false,
  );
}

/** Bytes. The largest tokenizers have some 35 MB. */
const TOKENIZER_LIMIT = 256 * 1024 * 1024;

/**
 * Whose tokenizer it is. Embeddings stay in their rows, so it must have the owner's vocabulary; of `union`, all models
 * must share it.
 */
async function tokenizerOf(
  recipe: Recipe,
  plan: RecipePlan,
  named: Source | undefined,
  report: (problem: RecipeProblem) => void,
): Promise<Source | undefined> {
  const { tokenizer } = recipe;
  if (tokenizer === undefined) return undefined;
  const owner = plan.sources[plan.owner]!;
  const others = named !== undefined ? [named] : tokenizer.value === 'union' ? plan.sources : [];
  for (const other of others) {
    if (other === owner || (await vocabularyOf(other)) === (await vocabularyOf(owner))) continue;
    report({
      code: 'vocabulary',
      severity: 'error',
      offset: tokenizer.offset,
      length: tokenizer.length,
      message:
        `${other.label} and ${owner.label} have different vocabularies, ` +
        'and tokens are not moved to other rows here.',
    });
  }
  return named;
}

/** The tokens and their ids, comparable; the same for all that have no tokenizer.json. */
async function vocabularyOf({ checkpoint }: Source): Promise<string> {
  const file = checkpoint.files.get('tokenizer.json');
  if (file === undefined) return '';
  const tokenizer = parsePythonJson(await readText(file, TOKENIZER_LIMIT), file) as {
    model?: { vocab?: unknown };
    added_tokens?: unknown;
  } | null;
  const vocabulary = tokenizer?.model?.vocab;
  const entries =
    typeof vocabulary === 'object' && vocabulary !== null
      ? Object.entries(vocabulary).sort(([a], [b]) => (a < b ? -1 : 1))
      : [];
  return JSON.stringify([entries, tokenizer?.added_tokens]);
}
