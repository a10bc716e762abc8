/**
 * A recipe as a config of mergekit, where mergekit can express it. Names of checkpoints become the paths they stand
 * for, since mergekit knows no roles.
 */
import { Document, isSeq, visit } from 'yaml';
import { isRecipePath } from '../../checkpoint/base.js';
import type { RecipePlan, Source } from '../compile/types.js';
import { formOf } from '../forms/list.js';
import { locationOf, type Recipe, type Reference } from '../recipe/ast.js';
import type { MergekitContext } from './context.js';

export type MergekitConfig =
  /** `notes`: what mergekit does otherwise, in sentences. */
  | { text: string; notes: string[] }
  /** Why mergekit cannot make it, in sentences. */
  | { text: undefined; refusals: string[] };

/**
 * @param plan of the recipe: how many layers and which modules its models have.
 * @param sourceOf the open checkpoint that a reference means.
 */
export function toMergekit(
  recipe: Recipe,
  plan: RecipePlan,
  sourceOf: (reference: Reference) => Source | undefined,
): MergekitConfig {
  if (recipe.form === undefined) return { text: undefined, refusals: ['The recipe does not say what is done.'] };
  const form = formOf(recipe.form);
  if (form.notInMergekit !== undefined) return { text: undefined, refusals: [form.notInMergekit] };
  const refusals: string[] = [];
  for (const path of new Set(form.references().map((reference) => sourceOf(reference)?.path ?? ''))) {
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
  for (const { label, checkpoint, languageOf } of plan.sources) {
    if (languageOf !== undefined)
      refusals.push(`mergekit merges models of one architecture, and ${label} is the text model alone.`);
    if (checkpoint.quantisation !== undefined)
      refusals.push(
        `${label} is quantised (${checkpoint.quantisation[0]!.scheme}), ` +
          'and mergekit takes the codes for the weights: write it out first as a checkpoint of plain weights.',
      );
  }
  const context: MergekitContext = { recipe, plan, owner, model, notes, refusals };
  const config = form.toMergekit(context);
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
      'The tensors have several dtypes, so none is set: mergekit computes in that of its inputs and ' +
        'rounds after every step.',
    );
    return {};
  }
  return { dtype: out === 'float64' ? 'float64' : 'float32', out_dtype: out };
}

const NAME_OF: Readonly<Record<string, string>> = { F64: 'float64', F32: 'float32', BF16: 'bfloat16', F16: 'float16' };

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
