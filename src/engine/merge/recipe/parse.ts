/**
 * From a recipe's text to what it means. Pure: no file is looked at, so that an editor can ask after every key. What
 * needs the checkpoints is checked in `resolve.ts`.
 */
import { asRead } from './asRead.js';
import { checkForm, readForm } from '../forms/list.js';
import { locationOf, type Recipe } from './ast.js';
import { bare } from './check/values.js';
import { checkShape } from './check/shape.js';
import { mapOf, integerOf, referenceOf, spanOf, textOf, valueOf } from './nodes.js';
import type { ProblemCode, RecipeProblem, Report } from './problem.js';
import type { Shape } from './schema/shapes.js';
import { entryOf, type MapNode, parseTree, type TreeNode } from './tree.js';

export interface ParsedRecipe {
  text: string;
  /** Undefined when the text is empty or no YAML. */
  tree: TreeNode | undefined;
  /** As much as was understood. */
  recipe: Recipe;
  /** In order of their place. */
  problems: RecipeProblem[];
}

/** Never throws: what is wrong is a problem with its place. */
export function parseRecipe(text: string): ParsedRecipe {
  const problems: RecipeProblem[] = [];
  const report = (problem: RecipeProblem) => void problems.push(problem);
  const tree = parseTree(text, report);
  if (tree === undefined) {
    if (problems.length === 0)
      report({
        code: 'conflicting-keys',
        severity: 'error',
        offset: 0,
        length: 0,
        message: 'This recipe is empty: it needs stitch, interpolate, noise, models, slices or modules.',
      });
    return { text, tree, recipe: EMPTY, problems };
  }
  const read = asRead(tree, RECIPE);
  if (problems.some(({ code }) => code === 'yaml')) {
    // Text that is no YAML is taken for other things than were meant, so nothing is said of those.
    const recipe = read.kind === 'map' ? readRecipe(read, unreported) : EMPTY;
    return { text, tree, recipe: { ...recipe, form: undefined }, problems };
  }
  checkShape(read, RECIPE, text, report);
  const recipe = read.kind === 'map' ? readRecipe(read, report) : EMPTY;
  // What was not understood is left out: what is then missing is no fault of its own.
  const understood = !problems.some(({ code, severity }) => NOT_UNDERSTOOD.has(code) && severity === 'error');
  if (recipe.form !== undefined)
    checkForm(
      recipe.form,
      ({ value }) => locationOf(recipe, value),
      (problem) => (understood || !MISSING.has(problem.code) ? report(problem) : undefined),
    );
  problems.sort((a, b) => a.offset - b.offset || a.length - b.length);
  return { text, tree, recipe, problems };
}

const unreported: Report = () => undefined;

const RECIPE: Shape = { kind: 'map', map: 'recipe' };

const NOT_UNDERSTOOD: ReadonlySet<ProblemCode> = new Set(['layer-range', 'wrong-type']);
const MISSING: ReadonlySet<ProblemCode> = new Set(['missing-parameter', 'missing-base', 'model-count']);

const EMPTY: Recipe = {
  checkpoints: [],
  form: undefined,
  dtype: undefined,
  tokenizer: undefined,
  chatTemplate: undefined,
  seed: 0,
};

function readRecipe(root: MapNode, report: Report): Recipe {
  const tokenizer = mapOf(valueOf(root, 'tokenizer'));
  for (const key of ['tokens', 'pad_to_multiple_of']) {
    const entry = tokenizer && entryOf(tokenizer, key);
    if (entry)
      report({
        code: 'unsupported',
        severity: 'error',
        ...spanOf(entry.key),
        message: `tokenizer.${key} is not done here: embeddings stay in the rows they are in.`,
      });
  }
  const outDtype = textOf(valueOf(root, 'out_dtype')) ?? textOf(valueOf(root, 'dtype'));
  const chatTemplate = textOf(valueOf(root, 'chat_template'));
  if (chatTemplate !== undefined && !chatTemplate.value.includes('{')) {
    report({
      code: 'unsupported',
      severity: 'error',
      ...spanOf(chatTemplate),
      message:
        'A chat template is Jinja text here; mergekit\'s names for templates ("auto", "chatml", …) are not known.',
    });
  }
  return {
    checkpoints: (mapOf(valueOf(root, 'checkpoints'))?.entries ?? []).flatMap(({ key, value }) => {
      const location = textOf(value);
      return location === undefined ? [] : [{ role: { value: key.value, ...spanOf(key) }, location }];
    }),
    form: readForm(root, report),
    dtype: outDtype && { ...outDtype, value: bare(outDtype.value) },
    tokenizer:
      referenceOf(valueOf(root, 'tokenizer_source')) ??
      (tokenizer && (referenceOf(valueOf(tokenizer, 'source')) ?? { value: 'union', ...spanOf(tokenizer) })),
    chatTemplate,
    seed: integerOf(valueOf(root, 'seed'))?.value ?? 0,
  };
}
