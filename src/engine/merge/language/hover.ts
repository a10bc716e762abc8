/** What a key, a method or a parameter of a recipe means. Pure. */
import { METHODS, isMethod } from '../../tensors/methods/list.js';
import type { MergeMethod } from '../../tensors/methods/method.js';
import { parseRecipe } from '../recipe/parse.js';
import type { Span } from '../recipe/problem.js';
import { alternatives, type KeySpec } from '../recipe/schema/shapes.js';
import { MAPS, shapeAt } from '../recipe/schema/maps.js';
import { MODULES, ROLES } from '../recipe/schema/words.js';
import { pathAt } from '../recipe/tree.js';
import { methodOf } from './complete.js';

export interface RecipeHover extends Span {
  title: string;
  /** Plain text, a paragraph each. */
  paragraphs: string[];
  /** In the notation of `MergeMethod.formula`. */
  formula: string | undefined;
  paper: { title: string; url: string } | undefined;
}

/** Undefined where there is nothing to say. */
export function hoverRecipe(text: string, offset: number): RecipeHover | undefined {
  const { tree, recipe } = parseRecipe(text);
  if (tree === undefined) return undefined;
  const { path, on, node } = pathAt(tree, offset);
  if (node.kind !== 'scalar' || path.length === 0) return undefined;
  const place = { offset: node.offset, length: node.length };
  const say = (title: string, ...paragraphs: (string | undefined)[]): RecipeHover => ({
    ...place,
    title,
    paragraphs: paragraphs.filter((one): one is string => one !== undefined && one !== ''),
    formula: undefined,
    paper: undefined,
  });
  const key = String(path.at(-1));
  if (on === 'key') {
    const shape = shapeAt(path.slice(0, -1));
    for (const one of shape === undefined ? [] : alternatives(shape)) {
      if (one.kind === 'map' && Object.hasOwn(MAPS[one.map].keys, key))
        return say(key, ...describe(MAPS[one.map].keys[key]!));
      if (one.kind === 'record' && one.keys === 'module' && Object.hasOwn(MODULES, key))
        return say(key, MODULES[key]!.doc);
      if (one.kind === 'record' && one.keys === 'role')
        return say(key, ROLES[key.toLowerCase()] ?? 'A name for a checkpoint.');
      if (one.kind === 'record' && one.keys === 'parameter') return parameter(key, text, say);
    }
    return undefined;
  }
  const value = String(node.value ?? '');
  if (key === 'merge_method' && isMethod(value)) return { ...place, ...ofMethod(METHODS[value]) };
  const role = recipe.checkpoints.find(({ role: { value: name } }) => name.toLowerCase() === value.toLowerCase());
  return role === undefined || path[0] === 'checkpoints'
    ? undefined
    : say(role.role.value, ROLES[role.role.value.toLowerCase()], role.location.value);
}

function ofMethod({
  title,
  name,
  doc,
  formula,
  paper,
  parameters,
  base,
  models,
}: MergeMethod): Omit<RecipeHover, keyof Span> {
  const needs = base === 'required' ? 'Needs a base_model. ' : base === 'optional' ? 'A base_model may be given. ' : '';
  const count = Number.isFinite(models.max)
    ? models.min === models.max
      ? `${models.min}`
      : `${models.min} to ${models.max}`
    : `${models.min} or more`;
  const list = parameters
    .map(
      ({ name: own, default: standard }) =>
        `${own}${standard === undefined ? ' (must be given)' : standard === null ? '' : ` (${String(standard)})`}`,
    )
    .join(', ');
  return {
    title: `${name}: ${title}`,
    paragraphs: [doc, `${needs}Models, the base counted: ${count}.`, ...(list === '' ? [] : [`Parameters: ${list}.`])],
    formula,
    paper,
  };
}

function parameter(
  key: string,
  text: string,
  say: (title: string, ...paragraphs: (string | undefined)[]) => RecipeHover,
): RecipeHover | undefined {
  const method = methodOf(text);
  const found = method && METHODS[method].parameters.find(({ name }) => name === key);
  if (!found) return undefined;
  const { default: standard, min, max, scope } = found;
  return say(
    key,
    found.doc,
    scope === 'shared'
      ? 'One value per tensor.'
      : scope === 'model'
        ? 'One value per model.'
        : 'One value per model that is not the base.',
    standard === undefined ? 'It must be given.' : standard === null ? undefined : `Default: ${String(standard)}.`,
    min === undefined && max === undefined ? undefined : `From ${min ?? '−∞'} to ${max ?? '∞'}.`,
  );
}

function describe({ doc, default: standard, example, origin }: KeySpec): (string | undefined)[] {
  return [
    doc,
    standard === undefined ? undefined : `Default: ${standard}.`,
    example === undefined ? undefined : `Example: ${example}`,
    origin === 'mergekit' ? 'As in mergekit.' : undefined,
  ];
}
