/**
 * From a recipe's text to what it means. Pure: no file is looked at, so that an editor can ask after every key. What
 * needs the checkpoints is checked in `resolve.ts`.
 */
import { isMethod, METHODS } from '../../tensors/methods/list.js';
import {
  type Form,
  type InputModel,
  type LayerRange,
  locationOf,
  type MergeBody,
  type MergeForm,
  type OutputModule,
  type OutputSlice,
  type Parameter,
  type Recipe,
  type Reference,
  type Scalar,
  type Setting,
  type SliceSource,
} from './ast.js';
import { bare, checkShape } from './check.js';
import { checkMerge } from './checkMerge.js';
import type { Located, Place, RecipeProblem } from './problem.js';
import { NOISE_SCALES, PARTS } from './schema.js';
import { entryOf, type ListNode, type MapNode, parseTree, type TreeNode } from './tree.js';

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
  checkShape(tree, { kind: 'map', map: 'recipe' }, text, report);
  const recipe = tree.kind === 'map' ? readRecipe(tree, report) : EMPTY;
  // A range that was not understood leaves its source out: what is then missing is no fault of its own.
  const ranged = !problems.some(({ code, severity }) => code === 'layer-range' && severity === 'error');
  if (recipe.form?.kind === 'merge' && ranged)
    checkMerge(recipe.form, ({ value }) => locationOf(recipe, value), report);
  problems.sort((a, b) => a.offset - b.offset || a.length - b.length);
  return { text, tree, recipe, problems };
}

const EMPTY: Recipe = {
  checkpoints: [],
  form: undefined,
  dtype: undefined,
  tokenizer: undefined,
  chatTemplate: undefined,
  seed: 0,
};

/** `EARLY:MID:LATE`, roles. */
const SHORTHAND = /^\s*([\w-]+)\s*:\s*([\w-]+)\s*:\s*([\w-]+)\s*$/;

type ReportProblem = (problem: RecipeProblem) => void;

function readRecipe(root: MapNode, report: ReportProblem): Recipe {
  const tokenizer = mapOf(valueOf(root, 'tokenizer'));
  for (const key of ['tokens', 'pad_to_multiple_of']) {
    const entry = tokenizer && entryOf(tokenizer, key);
    if (entry)
      report({
        code: 'unsupported',
        severity: 'error',
        ...placeOf(entry.key),
        message: `tokenizer.${key} is not done here: embeddings stay in the rows they are in.`,
      });
  }
  const outDtype = textOf(valueOf(root, 'out_dtype')) ?? textOf(valueOf(root, 'dtype'));
  const chatTemplate = textOf(valueOf(root, 'chat_template'));
  if (chatTemplate !== undefined && !chatTemplate.value.includes('{')) {
    report({
      code: 'unsupported',
      severity: 'error',
      ...placeOf(chatTemplate),
      message:
        'A chat template is Jinja text here; mergekit\'s names for templates ("auto", "chatml", …) are not known.',
    });
  }
  return {
    checkpoints: (mapOf(valueOf(root, 'checkpoints'))?.entries ?? []).flatMap(({ key, value }) => {
      const location = textOf(value);
      return location === undefined ? [] : [{ role: { value: key.value, ...placeOf(key) }, location }];
    }),
    form: readForm(root, report),
    dtype: outDtype && { ...outDtype, value: bare(outDtype.value) },
    tokenizer:
      referenceOf(valueOf(root, 'tokenizer_source')) ??
      (tokenizer && (referenceOf(valueOf(tokenizer, 'source')) ?? { value: 'union', ...placeOf(tokenizer) })),
    chatTemplate,
    seed: integerOf(valueOf(root, 'seed'))?.value ?? 0,
  };
}

/** A range without layers is meant for one layer. */
function checkNotEmpty(layers: LayerRange | undefined, report: ReportProblem): void {
  if (layers === undefined) return;
  const [first, end] = layers.value;
  if (first === end)
    report({
      code: 'layer-range',
      severity: 'warning',
      ...placeOf(layers),
      message: `[${first}, ${end}] has no layer, so nothing changes: ranges exclude their end, so layer ${first} is [${first}, ${first + 1}].`,
    });
}

function readForm(root: MapNode, report: ReportProblem): Form | undefined {
  const stitch = entryOf(root, 'stitch');
  if (stitch) return readStitch(stitch.value, report);
  const interpolate = mapOf(valueOf(root, 'interpolate'));
  if (interpolate) {
    const [a, b, alpha] = [
      textOf(valueOf(interpolate, 'a')),
      textOf(valueOf(interpolate, 'b')),
      settingOf(valueOf(interpolate, 'alpha')),
    ];
    if (a === undefined || b === undefined || alpha === undefined) return undefined;
    const layers = layersOf(valueOf(interpolate, 'layers'));
    checkNotEmpty(layers, report);
    return {
      kind: 'interpolate',
      place: placeOf(entryOf(root, 'interpolate')!.key),
      a,
      b,
      alpha,
      layers,
      part: wordOf(valueOf(interpolate, 'part'), PARTS) ?? 'all',
    };
  }
  const noise = mapOf(valueOf(root, 'noise'));
  if (noise) {
    const [model, sigma] = [textOf(valueOf(noise, 'model')), numberOf(valueOf(noise, 'sigma'))];
    if (sigma !== undefined && sigma.value < 0)
      report({
        code: 'bad-value',
        severity: 'error',
        ...placeOf(sigma),
        message: 'sigma is a standard deviation and must not be negative.',
      });
    if (model === undefined || sigma === undefined) return undefined;
    const layers = layersOf(valueOf(noise, 'layers'));
    checkNotEmpty(layers, report);
    return {
      kind: 'noise',
      place: placeOf(entryOf(root, 'noise')!.key),
      model,
      sigma,
      scale: wordOf(valueOf(noise, 'scale'), NOISE_SCALES) ?? 'absolute',
      layers,
      part: wordOf(valueOf(noise, 'part'), PARTS) ?? 'all',
      seed: integerOf(valueOf(noise, 'seed'))?.value ?? 0,
    };
  }
  return readMerge(root);
}

function readStitch(node: TreeNode, report: ReportProblem): Form | undefined {
  if (node.kind === 'scalar') {
    const text = textOf(node);
    if (text === undefined) return undefined;
    const match = SHORTHAND.exec(text.value);
    if (match === null) {
      report({
        code: 'bad-value',
        severity: 'error',
        ...placeOf(node),
        message: `"${text.value.slice(0, 40)}" names no regions: write EARLY:MID:LATE, such as IN:RL:RL, or a mapping with early, mid and late.`,
      });
      return undefined;
    }
    let from = text.offset;
    const [early, mid, late] = match.slice(1).map((value): Reference => {
      // In quotes or behind an alias the word may stand elsewhere; then the whole value is its place.
      const place = node.length < text.value.length ? placeOf(node) : { offset: from, length: value.length };
      from += value.length + 1;
      return { value, ...place };
    });
    return { kind: 'stitch', place: placeOf(node), early: early!, mid: mid!, late: late!, cuts: undefined };
  }
  if (node.kind !== 'map') return undefined;
  const [early, mid, late] = ['early', 'mid', 'late'].map((key) => textOf(valueOf(node, key)));
  if (early === undefined || mid === undefined || late === undefined) return undefined;
  const cutsNode = valueOf(node, 'cuts');
  let cuts: LayerRange | undefined;
  if (cutsNode?.kind === 'list') {
    const numbers = cutsNode.items.map((item) => integerOf(item)?.value);
    const [first, second] = numbers;
    if (numbers.length !== 2 || first === undefined || second === undefined)
      report({
        code: 'bad-value',
        severity: 'error',
        ...placeOf(cutsNode),
        message: 'Cuts are two layers, the first of Mid and the first of Late, such as [9, 18].',
      });
    else if (first > second)
      report({
        code: 'layer-range',
        severity: 'error',
        ...placeOf(cutsNode),
        message: `The first cut (${first}) must not come after the second (${second}).`,
        fix: {
          title: `Change to [${second}, ${first}]`,
          edits: [{ ...placeOf(cutsNode), text: `[${second}, ${first}]` }],
        },
      });
    else cuts = { value: [first, second], ...placeOf(cutsNode) };
  }
  return { kind: 'stitch', place: placeOf(node), early, mid, late, cuts };
}

function readMerge(root: MapNode): MergeForm | undefined {
  const method = textOf(valueOf(root, 'merge_method'));
  if (method === undefined || !isMethod(method.value)) return undefined;
  const modules = mapOf(valueOf(root, 'modules'));
  const body =
    modules === undefined
      ? readBody(root)
      : {
          kind: 'modules' as const,
          ...placeOf(entryOf(root, 'modules')!.key),
          modules: modules.entries.flatMap(({ key, value }): OutputModule[] => {
            const inner = value.kind === 'map' ? readBody(value) : undefined;
            return inner === undefined
              ? []
              : [{ name: { value: key.value, ...placeOf(key) }, body: inner, parameters: parametersOf(mapOf(value)) }];
          }),
        };
  if (body === undefined) return undefined;
  return {
    kind: 'merge',
    method: { ...method, value: METHODS[method.value].name },
    base: referenceOf(valueOf(root, 'base_model')),
    parameters: parametersOf(root),
    body,
  };
}

function readBody(node: MapNode): MergeBody | undefined {
  const models = entryOf(node, 'models');
  if (models?.value.kind === 'list')
    return {
      kind: 'models',
      ...placeOf(models.key),
      models: models.value.items.flatMap((item) => readModel(item) ?? []),
    };
  const slices = entryOf(node, 'slices');
  if (slices?.value.kind !== 'list') return undefined;
  return {
    kind: 'slices',
    ...placeOf(slices.key),
    slices: slices.value.items.flatMap((item): OutputSlice[] => {
      const map = mapOf(item);
      const sources = map && valueOf(map, 'sources');
      if (map === undefined || sources?.kind !== 'list') return [];
      return [
        {
          ...placeOf(item),
          sources: readSources(sources),
          base: referenceOf(valueOf(map, 'base_model')),
          parameters: parametersOf(map),
        },
      ];
    }),
  };
}

function readModel(node: TreeNode): InputModel | undefined {
  const map = mapOf(node);
  const model = map && referenceOf(valueOf(map, 'model'));
  return model && { ...placeOf(node), model, parameters: parametersOf(map) };
}

function readSources(node: ListNode): SliceSource[] {
  return node.items.flatMap((item) => {
    const model = readModel(item);
    const layers = model && layersOf(valueOf(item as MapNode, 'layer_range'));
    return layers === undefined ? [] : [{ ...model!, layers }];
  });
}

function parametersOf(map: MapNode | undefined): Parameter[] {
  const record = map && mapOf(valueOf(map, 'parameters'));
  return (record?.entries ?? []).flatMap(({ key, value }) => {
    const setting = settingOf(value);
    return setting === undefined ? [] : [{ name: { value: key.value, ...placeOf(key) }, setting }];
  });
}

function settingOf(node: TreeNode | undefined): Setting | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar')
    return node.value === null ? undefined : { kind: 'scalar', value: node.value, ...placeOf(node) };
  if (node.kind === 'map') return conditionalOf([node], node);
  const maps = node.items.filter((item) => item.kind === 'map');
  if (maps.length > 0) return conditionalOf(maps, node);
  const values = node.items.flatMap((item): Located<Scalar>[] =>
    item.kind === 'scalar' && item.value !== null ? [{ value: item.value, ...placeOf(item) }] : [],
  );
  return { kind: 'gradient', values, ...placeOf(node) };
}

function conditionalOf(maps: readonly MapNode[], node: TreeNode): Setting {
  const cases = maps.flatMap((map) => {
    const setting = settingOf(valueOf(map, 'value'));
    return setting === undefined ? [] : [{ filter: textOf(valueOf(map, 'filter')), setting }];
  });
  return { kind: 'conditional', cases, ...placeOf(node) };
}

/** A model by name, or as mergekit's mapping. */
function referenceOf(node: TreeNode | undefined): Reference | undefined {
  const map = mapOf(node);
  if (map === undefined) return textOf(node);
  const [model, lora] = ['model', 'lora'].map((key) => pathOf(valueOf(map, key)));
  return model && lora ? { ...model, value: `${model.value}+${lora.value}` } : model;
}

function pathOf(node: TreeNode | undefined): Reference | undefined {
  const map = mapOf(node);
  if (map === undefined) return textOf(node);
  const [path, revision] = [textOf(valueOf(map, 'path')), textOf(valueOf(map, 'revision'))];
  return path && revision ? { ...path, value: `${path.value}@${revision.value}` } : path;
}

function layersOf(node: TreeNode | undefined): LayerRange | undefined {
  if (node?.kind !== 'list' || node.items.length !== 2) return undefined;
  const [first, end] = node.items.map((item) => integerOf(item)?.value);
  return first === undefined || end === undefined || first < 0 || first > end
    ? undefined
    : { value: [first, end], ...placeOf(node) };
}

function valueOf(map: MapNode, key: string): TreeNode | undefined {
  return entryOf(map, key)?.value;
}

function mapOf(node: TreeNode | undefined): MapNode | undefined {
  return node?.kind === 'map' ? node : undefined;
}

function textOf(node: TreeNode | undefined): Located<string> | undefined {
  return node?.kind === 'scalar' && node.value !== null && node.value !== ''
    ? { value: String(node.value), ...placeOf(node) }
    : undefined;
}

function numberOf(node: TreeNode | undefined): Located<number> | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' && Number.isFinite(node.value)
    ? { value: node.value, ...placeOf(node) }
    : undefined;
}

function integerOf(node: TreeNode | undefined): Located<number> | undefined {
  const number = numberOf(node);
  return number !== undefined && Number.isSafeInteger(number.value) ? number : undefined;
}

function wordOf<W extends string>(node: TreeNode | undefined, words: readonly W[]): W | undefined {
  return words.find((word) => word === textOf(node)?.value);
}

function placeOf({ offset, length }: Place): Place {
  return { offset, length };
}
