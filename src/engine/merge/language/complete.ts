/** What may stand at a place of a recipe. Pure; made from the same table that the parser checks against. */
import { isMethod, METHODS, type MethodName } from '../../tensors/methods/list.js';
import type { Span } from '../recipe/problem.js';
import { alternatives, type KeySpec, type Shape } from '../recipe/schema/shapes.js';
import { MAPS, shapeAt } from '../recipe/schema/maps.js';
import { MODULES, ROLES } from '../recipe/schema/words.js';
import { type Path, valuesAt } from './completeValues.js';
import type { RecipeCompletion, RecipeSurroundings } from './completion.js';
import { type MapNode, parseTree, type TreeNode } from '../recipe/tree.js';

/** Stands in the text where something is being written. */
const HERE = 'frankensteinCompletesHere';

export function completeRecipe(text: string, offset: number, around: RecipeSurroundings): RecipeCompletion[] {
  const word = wordAt(text, offset);
  if (word === undefined) return [];
  const [before, after] = [text.slice(0, word.offset), text.slice(word.offset + word.length)];
  const startsEntry = /(?:^|\n)[ ]*(?:- +)*$|[{,]\s*$/.test(before);
  const found: RecipeCompletion[] = [];
  if (startsEntry && !/^[^\S\n]*:/.test(after)) {
    const map = findKey(treeOf(`${before}${HERE}: 0${after}`), []);
    if (map) found.push(...keysAt(map, text, word, before));
  } else if (startsEntry) {
    const map = findKey(treeOf(`${before}${HERE}${after}`), []);
    if (map) found.push(...keysAt(map, text, word, before));
    return found;
  }
  const value = findValue(treeOf(`${before}${HERE}${after}`), []);
  if (value) found.push(...valuesAt(value, text, word, around));
  return found;
}

/** The word that is being written: up to what ends a plain scalar. Undefined inside a comment. */
function wordAt(text: string, offset: number): Span | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  if (/(?:^|\s)#/.test(line)) return undefined;
  const begin = /[^\s:,[\]{}"']*(?:(?<=\w):(?=\w)[^\s:,[\]{}"']*)*$/.exec(line)![0].length;
  const rest = /^[^\s:,[\]{}"'#]*/.exec(text.slice(offset))![0].length;
  return { offset: offset - begin, length: begin + rest };
}

function treeOf(text: string): TreeNode | undefined {
  return parseTree(text, () => undefined);
}

/** The mapping in which the placeholder is a key. */
function findKey(node: TreeNode | undefined, path: Path): { path: Path; map: MapNode } | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'map' && node.entries.some(({ key }) => key.value === HERE)) return { path, map: node };
  return search(node, path, findKey);
}

/** The scalar that is the placeholder. */
function findValue(node: TreeNode | undefined, path: Path): { path: Path } | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') return node.value === HERE ? { path } : undefined;
  return search(node, path, findValue);
}

function search<T>(node: TreeNode, path: Path, find: (node: TreeNode, path: Path) => T | undefined): T | undefined {
  const children =
    node.kind === 'map'
      ? node.entries.map(({ key, value }) => [key.value, value] as const)
      : node.kind === 'list'
        ? node.items.map((item, index) => [index, item] as const)
        : [];
  for (const [step, child] of children) {
    const found = find(child, [...path, step]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keysAt(
  { path, map }: { path: Path; map: MapNode },
  text: string,
  replace: Span,
  before: string,
): RecipeCompletion[] {
  const there = new Set(map.entries.map(({ key }) => key.value));
  const shape = shapeAt(path);
  const flow = /[{,]\s*$/.test(before);
  const indent = /(?:^|\n)([ ]*(?:- +)*)$/.exec(before)?.[1]?.replaceAll('-', ' ') ?? '';
  const found: RecipeCompletion[] = [];
  for (const one of shape === undefined ? [] : alternatives(shape)) {
    if (one.kind === 'map') {
      for (const [key, spec] of Object.entries(MAPS[one.map].keys)) {
        if (!there.has(key))
          found.push({
            label: key,
            kind: 'key',
            detail: spec.origin === 'mergekit' ? 'as in mergekit' : 'Frankenstein Lab',
            doc: docOf(spec),
            insert: `${key}:${startOf(spec.shape, indent, flow)}`,
            replace,
          });
      }
    } else if (one.kind === 'record' && one.keys === 'parameter')
      found.push(...parametersAt(path, text, there, replace));
    else if (one.kind === 'record' && one.keys === 'module') {
      for (const [name, { doc }] of Object.entries(MODULES))
        if (!there.has(name))
          found.push({ label: name, kind: 'key', detail: undefined, doc, insert: `${name}:\n${indent}  $0`, replace });
    } else if (one.kind === 'record' && one.keys === 'role') {
      for (const [role, doc] of Object.entries(ROLES))
        if (!there.has(role))
          found.push({ label: role, kind: 'key', detail: undefined, doc, insert: `${role}: $0`, replace });
    }
  }
  return found;
}

/** Parameters of the method in use that may stand here. */
function parametersAt(path: Path, text: string, there: ReadonlySet<string>, replace: Span): RecipeCompletion[] {
  const name = methodOf(text);
  if (name === undefined) return [];
  const perModel = path.some(
    (step, index) => typeof step === 'number' && (path[index - 1] === 'models' || path[index - 1] === 'sources'),
  );
  return METHODS[name].parameters
    .filter(({ name: own, scope }) => !there.has(own) && (perModel ? scope !== 'shared' : true))
    .map(({ name: own, doc, default: standard, min, max }) => ({
      label: own,
      kind: 'key' as const,
      detail: standard === undefined ? 'must be given' : standard === null ? undefined : `default ${String(standard)}`,
      doc: `${doc}${min === undefined && max === undefined ? '' : ` From ${min ?? '−∞'} to ${max ?? '∞'}.`}`,
      insert: `${own}: \${1:${typeof standard === 'number' || typeof standard === 'boolean' ? String(standard) : '1.0'}}`,
      replace,
    }));
}

/** The method that the text names, whatever else is wrong with it. */
export function methodOf(text: string): MethodName | undefined {
  const [, name] = /^merge_method:\s*["']?([\w-]+)/m.exec(text) ?? [];
  return name !== undefined && isMethod(name) ? name : undefined;
}

/** What stands after the colon, where a value of this shape begins. */
function startOf(shape: Shape, indent: string, flow: boolean): string {
  const first = alternatives(shape)[0]!;
  switch (first.kind) {
    case 'map':
    case 'record':
      return flow ? ' {$0}' : `\n${indent}  $0`;
    case 'list':
      return flow || first.of.kind === 'integer' ? ' [$0]' : `\n${indent}  - $0`;
    case 'layers':
      return ' [${1:0}, ${2:1}]';
    default:
      return ' $0';
  }
}

function docOf({ doc, default: standard, example }: KeySpec): string {
  return [
    doc,
    standard === undefined ? '' : `Default: ${standard}.`,
    example === undefined ? '' : `Example: ${example}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}
