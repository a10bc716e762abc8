/**
 * A recipe as a config of mergekit, where mergekit can express it. Names of checkpoints become the paths they stand for,
 * since mergekit knows no roles.
 */
import { Document, isSeq, visit } from 'yaml';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { isRecipePath } from '../checkpoint/base.js';
import type { RecipePlan, Source } from './plan.js';
import {
  type InterpolateForm,
  locationOf,
  type MergeBody,
  type MergeForm,
  type Parameter,
  type Recipe,
  type Reference,
  referencesOf,
  type Scalar,
  type Setting,
  type StitchForm,
} from './recipe/ast.js';
import { isInPart, sectionsOf } from './sections.js';

export type MergekitConfig =
  /** `notes`: what mergekit does otherwise, in sentences. */
  | { text: string; notes: string[] }
  /** Why mergekit cannot make it, in sentences. */
  | { text: undefined; refusals: string[] };

/** `model_type` values for which mergekit 0.1.5 has a table of modules; of others it guesses them from the names. */
const TABLES: ReadonlySet<string> = new Set([
  'qwen2_vl',
  'qwen2_5_vl',
  'qwen3_vl',
  'qwen3_vl_moe',
  'gemma3',
  'mistral3',
  'llama4',
]);

/**
 * @param plan of the recipe: how many layers and which modules its models have.
 * @param sourceOf the open checkpoint that a reference means.
 */
export function toMergekit(
  recipe: Recipe,
  plan: RecipePlan,
  sourceOf: (reference: Reference) => Source | undefined,
): MergekitConfig {
  const { form } = recipe;
  if (form === undefined) return { text: undefined, refusals: ['The recipe does not say what is done.'] };
  if (form.kind === 'noise')
    return { text: undefined, refusals: ['mergekit adds no noise to weights: export the checkpoint instead.'] };
  const refusals: string[] = [];
  for (const path of new Set(referencesOf(form).map((reference) => sourceOf(reference)?.path ?? ''))) {
    if (isRecipePath(path))
      refusals.push(`mergekit reads no recipes, and ${path} is one: export it first and name the exported checkpoint.`);
  }
  const notes: string[] = [];
  const owner = plan.sources[plan.owner]!.checkpoint;
  const model = (reference: Reference) => {
    const location = locationOf(recipe, reference.value);
    const path = sourceOf(reference)?.path ?? location;
    // A repository of the cache is known to mergekit by its own name.
    return /^[\w-][\w.-]*\/[\w.-]+(?:@[\w.-]+)?$/.test(location) && path.includes('models--') ? location : path;
  };
  for (const { label, checkpoint } of plan.sources)
    if (checkpoint.quantisation !== undefined)
      refusals.push(
        `${label} is quantised (${checkpoint.quantisation[0]!.scheme}), and mergekit takes the codes for the weights: write it out first as a checkpoint of plain weights.`,
      );
  let config: Record<string, unknown> | undefined;
  if (form.kind === 'stitch') config = stitchConfig(form, plan, owner, model, notes);
  else if (form.kind === 'interpolate') config = interpolateConfig(form, owner, model, notes, refusals);
  else config = mergeConfig(form, recipe, model, notes);
  if (refusals.length > 0 || config === undefined) return { text: undefined, refusals };
  Object.assign(config, dtypesOf(recipe, plan, notes));
  if (recipe.tokenizer)
    config['tokenizer_source'] = ['base', 'union'].includes(recipe.tokenizer.value)
      ? recipe.tokenizer.value
      : model(recipe.tokenizer);
  if (recipe.chatTemplate) config['chat_template'] = recipe.chatTemplate.value;
  return { text: yamlOf(config), notes };
}

/**
 * mergekit computes in `dtype` and rounds to `out_dtype`; left out, it computes in the inputs' own, which in bfloat16
 * rounds after every step.
 */
function dtypesOf({ dtype }: Recipe, { tensors }: RecipePlan, notes: string[]): { dtype?: string; out_dtype?: string } {
  const all = [...tensors.values()];
  const computed = all.some(
    ({ expression }) =>
      expression !== undefined && !(expression.kind === 'merge' && expression.method === 'passthrough'),
  );
  if (!computed) return dtype ? { out_dtype: dtype.value } : {};
  const stored = new Set(all.map((tensor) => NAME_OF[tensor.dtype]));
  const [only] = stored;
  const out = dtype?.value ?? (stored.size === 1 ? only : undefined);
  if (out === undefined) {
    notes.push(
      'The tensors have several dtypes, so none is set: mergekit computes in that of its inputs and rounds after every step.',
    );
    return {};
  }
  return { dtype: out === 'float64' ? 'float64' : 'float32', out_dtype: out };
}

const NAME_OF: Readonly<Record<string, string>> = { F64: 'float64', F32: 'float32', BF16: 'bfloat16', F16: 'float16' };

type ModelOf = (reference: Reference) => string;

interface SliceEntry {
  model: string;
  layer_range: [number, number];
  parameters?: Record<string, unknown>;
}

/** Slices of the language model, with everything else of the model that gives the first. */
function around(
  slices: { sources: SliceEntry[] }[],
  first: string,
  owner: Checkpoint,
  extra: Record<string, unknown>,
  notes: string[],
): Record<string, unknown> {
  if (owner.visionLayers === 0 && sectionsOf(owner).projector.before.length === 0)
    return { ...extra, base_model: first, slices };
  const vision = owner.family === 'llama4' ? 'vision_model' : 'vision_tower';
  if (!TABLES.has(owner.family))
    notes.push(
      `mergekit has no table of modules for ${owner.family} and guesses them from the names of the tensors: it may call them otherwise than text_decoder, ${vision} and multi_modal_projector.`,
    );
  const whole = {
    models: [{ model: first, ...(extra['merge_method'] === 'linear' ? { parameters: { weight: 1 } } : {}) }],
  };
  return {
    ...extra,
    base_model: first,
    modules: { text_decoder: { slices }, [vision]: whole, multi_modal_projector: whole },
  };
}

/** The paper's splice: a last slice without layers gives final norm and head. */
function stitchConfig(
  { early }: StitchForm,
  plan: RecipePlan,
  owner: Checkpoint,
  model: ModelOf,
  notes: string[],
): Record<string, unknown> {
  const first = model(early);
  const slices: { sources: SliceEntry[] }[] = [];
  let at = '';
  plan.layers.forEach(({ from: [origin] }, layer) => {
    const source = plan.sources[origin!.source]!.path;
    const name = source === plan.sources[plan.owner]!.path ? first : source;
    if (name === at) slices.at(-1)!.sources[0]!.layer_range[1] = layer + 1;
    else slices.push({ sources: [{ model: name, layer_range: [layer, layer + 1] }] });
    at = name;
  });
  // mergekit's embeddings come from the first slice.
  if (slices[0]?.sources[0]?.model !== first) slices.unshift({ sources: [{ model: first, layer_range: [0, 0] }] });
  if (at !== first) slices.push({ sources: [{ model: first, layer_range: [plan.layers.length, plan.layers.length] }] });
  return around(slices, first, owner, { merge_method: 'passthrough' }, notes);
}

function interpolateConfig(
  { a, b, alpha, layers, part }: InterpolateForm,
  owner: Checkpoint,
  model: ModelOf,
  notes: string[],
  refusals: string[],
): Record<string, unknown> | undefined {
  const [first, end] = layers?.value ?? [0, owner.layers];
  const filter = part === 'attention' ? 'self_attn' : part === 'mlp' ? 'mlp' : undefined;
  if (filter !== undefined) {
    const tensors = sectionsOf(owner).language.layers.slice(first, end).flat();
    if (tensors.some((one) => one.tensor.onDisk.includes(filter) !== isInPart(one, part, owner)))
      refusals.push(
        `mergekit chooses tensors by a part of their name, and no such part names the ${part} of ${owner.family}.`,
      );
    if (alpha.kind === 'conditional')
      refusals.push('mergekit has no filters within filters: alpha has cases and part chooses tensors too.');
  }
  const [share, rest] = [mapSetting(alpha, (value) => value), mapSetting(alpha, (value) => 1 - value)];
  const weighted = (value: unknown, otherwise: number) =>
    filter === undefined ? value : [{ filter, value }, { value: otherwise }];
  const [left, right] = [model(a), model(b)];
  const plain = (range: [number, number]) => ({
    sources: [{ model: left, layer_range: range, parameters: { weight: 1 } }],
  });
  const slices = [
    plain([0, first]),
    {
      sources: [
        { model: left, layer_range: [first, end] as [number, number], parameters: { weight: weighted(rest, 1) } },
        { model: right, layer_range: [first, end] as [number, number], parameters: { weight: weighted(share, 0) } },
      ],
    },
    plain([end, owner.layers]),
  ];
  return around(slices, left, owner, { merge_method: 'linear', parameters: { normalize: false } }, notes);
}

function mergeConfig(form: MergeForm, { seed }: Recipe, model: ModelOf, notes: string[]): Record<string, unknown> {
  if (seed !== 0)
    notes.push(
      'mergekit takes the seed of random masks on its command line (--random-seed), and draws other masks from it.',
    );
  const bodyOf = (body: MergeBody) =>
    body.kind === 'models'
      ? { models: body.models.map((one) => ({ model: model(one.model), ...parametersOf(one.parameters) })) }
      : {
          slices: body.slices.map(({ sources, base, parameters }) => ({
            sources: sources.map((one) => ({
              model: model(one.model),
              layer_range: one.layers.value,
              ...parametersOf(one.parameters),
            })),
            ...(base ? { base_model: model(base) } : {}),
            ...parametersOf(parameters),
          })),
        };
  const { body } = form;
  return {
    merge_method: form.method.value,
    ...(form.base ? { base_model: model(form.base) } : {}),
    ...(body.kind === 'modules'
      ? {
          modules: Object.fromEntries(
            body.modules.map(({ name, body: inner, parameters }) => [
              name.value,
              { ...bodyOf(inner), ...parametersOf(parameters) },
            ]),
          ),
        }
      : bodyOf(body)),
    ...parametersOf(form.parameters),
  };
}

function parametersOf(parameters: readonly Parameter[]): { parameters?: Record<string, unknown> } {
  if (parameters.length === 0) return {};
  return {
    parameters: Object.fromEntries(
      parameters.map(({ name, setting }) => [name.value, plainSetting(setting, (value) => value)]),
    ),
  };
}

/** The setting as plain data, its numbers mapped. */
function mapSetting(setting: Setting, change: (value: number) => number): unknown {
  return plainSetting(setting, (value) => change(Number(value)));
}

function plainSetting(setting: Setting, change: (value: Scalar) => Scalar): unknown {
  switch (setting.kind) {
    case 'scalar':
      return change(setting.value);
    case 'gradient':
      return setting.values.map(({ value }) => change(value));
    case 'conditional':
      return setting.cases.map(({ filter, setting: inner }) => ({
        ...(filter ? { filter: filter.value } : {}),
        value: plainSetting(inner, change),
      }));
  }
}

/** YAML with lists of plain values on one line. */
function yamlOf(config: Record<string, unknown>): string {
  const document = new Document(config, { aliasDuplicateObjects: false });
  visit(document, {
    Pair: (_, { key, value }) => {
      if ((key as { value?: unknown }).value !== 'layer_range' || !isSeq(value)) return;
      const [first, end] = value.toJSON() as number[];
      if (first === end) value.comment = ` no layer: ${first === 0 ? 'the embeddings' : 'final norm and head'} only`;
    },
    Seq: (_, node) => {
      if (node.items.every((item) => typeof (item as { value?: unknown }).value !== 'undefined')) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
