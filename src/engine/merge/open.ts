/** A recipe as a checkpoint: compared, probed, run and used in other recipes like any other, without a byte written. */
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRecipePath } from '../checkpoint/base.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { fileError, malformed, shown } from '../checkpoint/failure.js';
import { readText } from '../checkpoint/text.js';
import { type ErrorCode, FrankensteinError, throwIfCancelled } from '../errors.js';
import type { LayerOrigin, RecipePlan } from './plan.js';
import { type Form, type Recipe, type Reference, referencesOf } from './recipe/ast.js';
import { parseRecipe } from './recipe/parse.js';
import type { ProblemCode, RecipeProblem } from './recipe/problem.js';
import { TEXT_LIMIT } from './recipe/tree.js';
import { RecipeCycle, type ResolvedRecipe, resolveRecipe } from './resolve.js';

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
    async (place) => {
      if (isRecipePath(place) && chain.includes(await realpath(place).catch(() => place))) throw new RecipeCycle(place);
      return open(place, chain);
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
    open: (place) => {
      throwIfCancelled(signal);
      return open(place);
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

function checkpointOf(
  file: string,
  label: string,
  { recipe, text, problems, plan, tokenizer, sourceOf }: OpenedRecipe,
): Checkpoint {
  if (plan === undefined || recipe.form === undefined) throw failure(file, text, problems);
  const owner = plan.sources[plan.owner]!.checkpoint;
  const files = new Map(owner.files);
  if (tokenizer !== undefined) {
    for (const name of [...files.keys()]) if (TOKENIZER_FILES.has(name)) files.delete(name);
    for (const [name, place] of tokenizer.checkpoint.files) if (TOKENIZER_FILES.has(name)) files.set(name, place);
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
      summary: summaryOf(form, plan, (reference) => sourceOf(reference)!.label),
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

/** Whatever a tokenizer reads; the processor's files stay the owner's. */
const TOKENIZER_FILES: ReadonlySet<string> = new Set([
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'chat_template.json',
  'chat_template.jinja',
]);

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
  // Text that is no YAML is taken for other things than were meant.
  const first = errors.find(({ code }) => code === 'yaml') ?? errors[0];
  if (first === undefined) return malformed(file, 'says nothing that could be made.');
  const line = text.slice(0, first.offset).split('\n').length;
  const more =
    errors.length > 1 ? ` (${errors.length - 1} more ${errors.length === 2 ? 'error' : 'errors'} in it.)` : '';
  return new FrankensteinError(
    CODES[first.code] ?? 'malformed',
    `${shown(file)}, line ${line}: ${first.message}${more}`,
  );
}

/** What is made, for people. */
function summaryOf(
  form: Form,
  { sources, computed, layers }: RecipePlan,
  labelOf: (reference: Reference) => string,
): string {
  const named = (reference: Reference) => shown(labelOf(reference));
  const labels = sources.map(({ label }) => shown(label));
  switch (form.kind) {
    case 'stitch':
      return `Stitch ${[form.early, form.mid, form.late].map(named).join(':')}, layers ${rangesOf(layers, labels)}`;
    case 'interpolate':
      return `${named(form.a)} with ${computed.tensors} weights moved towards ${named(form.b)}`;
    case 'noise':
      return `${named(form.model)} with noise on ${computed.tensors} weights, σ = ${form.sigma.value}${form.scale === 'relative' ? ' of their root mean square' : ''}`;
    case 'merge':
      return `${form.method.value} of ${labels.join(', ')}`;
  }
}

/** `0–8 in, 9–27 rl` */
function rangesOf(layers: readonly LayerOrigin[], labels: readonly string[]): string {
  const parts: { from: number; to: number; label: string }[] = [];
  layers.forEach(({ from: [origin] }, layer) => {
    const label = labels[origin?.source ?? 0] ?? '';
    const last = parts.at(-1);
    if (last?.label === label) last.to = layer;
    else parts.push({ from: layer, to: layer, label });
  });
  return parts.map(({ from, to, label }) => `${from === to ? from : `${from}–${to}`} ${label}`).join(', ');
}

/**
 * What tells this recipe's result from another's over the same sources: what was meant, without places, spelling or
 * paths; a checkpoint by its number among the sources.
 */
function contentOf(
  recipe: Recipe,
  plan: RecipePlan,
  indexOf: (reference: Reference) => number,
  tokenizer: number | undefined,
): unknown {
  const { form, dtype, chatTemplate, seed } = recipe;
  const references = new Set<unknown>(referencesOf(form!));
  const strip = (value: unknown): unknown => {
    if (references.has(value)) return indexOf(value as Reference);
    if (Array.isArray(value)) return value.map(strip);
    if (!isObject(value)) return value;
    const kept = Object.entries(value).filter(
      ([key, one]) => key !== 'offset' && key !== 'length' && key !== 'place' && one !== undefined,
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

const NAME_OF: Readonly<Record<string, string>> = { F64: 'float64', F32: 'float32', BF16: 'bfloat16', F16: 'float16' };

/** The owner's config, with the layers and the dtype that the result has. */
function configOf(owner: Checkpoint, plan: RecipePlan, { dtype }: Recipe): Checkpoint['config'] {
  if (owner.config === undefined) return undefined;
  const config = structuredClone(owner.config) as Record<string, unknown>;
  const inner = ['text_config', 'llm_config', 'vision_config'].flatMap((key) =>
    isObject(config[key]) ? [config[key]] : [],
  );
  const text =
    ['text_config', 'llm_config'].flatMap((key) => (isObject(config[key]) ? [config[key]] : []))[0] ?? config;
  const vision = isObject(config['vision_config']) ? config['vision_config'] : undefined;
  const moved =
    plan.layers.length !== owner.layers ||
    plan.layers.some(({ from }, layer) => from.some((origin) => origin.layer !== layer));
  if (moved) {
    const before = text['num_hidden_layers'];
    for (const one of new Set([text, config]))
      if (one['num_hidden_layers'] === before && before !== undefined) one['num_hidden_layers'] = plan.layers.length;
    // Newer configs list the kind of every layer.
    const types = text['layer_types'];
    if (Array.isArray(types))
      text['layer_types'] = plan.layers.map(
        ({ from: [origin] }) => (types as unknown[])[origin?.layer ?? 0] ?? (types as unknown[])[0],
      );
  }
  if (vision !== undefined && plan.visionLayers.length !== owner.visionLayers && plan.visionLayers.length > 0) {
    for (const key of ['depth', 'num_hidden_layers'])
      if (vision[key] === owner.visionLayers) vision[key] = plan.visionLayers.length;
  }
  // A loader rounds to the config's dtype: never dequantised weights without a word.
  const dequantised = plan.sources.some(({ checkpoint }) => checkpoint.quantisation !== undefined);
  const given = dtype?.value ?? (dequantised ? 'float32' : NAME_OF[commonDtype(plan) ?? '']);
  if (given !== undefined) {
    for (const one of [config, ...inner])
      for (const key of ['dtype', 'torch_dtype']) if (typeof one[key] === 'string') one[key] = given;
  }
  return config;
}

/** The dtype of most weights. */
function commonDtype({ tensors }: RecipePlan): string | undefined {
  const sizes = new Map<string, number>();
  for (const { dtype, size } of tensors.values()) sizes.set(dtype, (sizes.get(dtype) ?? 0) + size);
  return [...sizes].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
