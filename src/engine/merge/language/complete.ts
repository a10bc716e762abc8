/** What may stand at a place of a recipe. Pure; made from the same table that the parser checks against. */
import { METHOD_NAMES, METHODS, type MethodName, isMethod } from '../../tensors/methods/list.js';
import { parseRecipe } from '../recipe/parse.js';
import type { Place } from '../recipe/problem.js';
import { alternatives, type KeySpec, MAPS, MODULES, ROLES, type Shape, shapeAt } from '../recipe/schema.js';
import { type MapNode, parseTree, type TreeNode } from '../recipe/tree.js';

export interface RecipeCompletion {
  label: string;
  kind: 'key' | 'method' | 'checkpoint' | 'word' | 'filter' | 'layers';
  /** Beside the label. */
  detail: string | undefined;
  /** Plain text: what it means. */
  doc: string | undefined;
  /** A snippet: `$0` is where the cursor goes, `${1:…}` what is filled in; `$`, `}` and `\` of the text are escaped. */
  insert: string;
  /** What it takes the place of. */
  replace: Place;
}

/** What lies around a recipe: completion names it, but works without. */
export interface RecipeSurroundings {
  /** Checkpoints and recipes, as a recipe in that place would write them. */
  checkpoints: readonly { path: string; label: string }[];
  /** Names of tensors of the checkpoints in use, canonical. */
  tensors: readonly string[];
  /** Language layers of the checkpoints in use. */
  layers: number | undefined;
}

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
function wordAt(text: string, offset: number): Place | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  if (/(?:^|\s)#/.test(line)) return undefined;
  const begin = /[^\s:,[\]{}"']*(?:(?<=\w):(?=\w)[^\s:,[\]{}"']*)*$/.exec(line)![0].length;
  const rest = /^[^\s:,[\]{}"'#]*/.exec(text.slice(offset))![0].length;
  return { offset: offset - begin, length: begin + rest };
}

function treeOf(text: string): TreeNode | undefined {
  return parseTree(text, () => undefined);
}

type Path = readonly (string | number)[];

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
  replace: Place,
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
function parametersAt(path: Path, text: string, there: ReadonlySet<string>, replace: Place): RecipeCompletion[] {
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

function valuesAt(
  { path }: { path: Path },
  text: string,
  replace: Place,
  around: RecipeSurroundings,
): RecipeCompletion[] {
  const shape = shapeAt(path);
  const found: RecipeCompletion[] = [];
  const word = (label: string, doc?: string, detail?: string) =>
    found.push({ label, kind: 'word', detail, doc, insert: escaped(label), replace });
  for (const one of shape === undefined ? [] : alternatives(shape)) {
    switch (one.kind) {
      case 'word':
        one.of.forEach((name) => word(name));
        break;
      case 'boolean':
        ['true', 'false'].forEach((name) => word(name));
        break;
      case 'method':
        for (const name of METHOD_NAMES)
          found.push({
            label: name,
            kind: 'method',
            detail: METHODS[name].title,
            doc: `${METHODS[name].doc}\n\n${METHODS[name].formula}`,
            insert: name,
            replace,
          });
        break;
      case 'checkpoint':
      case 'location':
        found.push(...checkpointsFor(one.kind, text, replace, around));
        break;
      case 'layers':
        found.push(...layersFor(replace, around));
        break;
      case 'text':
        if (path.at(-1) === 'filter') found.push(...filtersFor(replace, around));
        if (path.length === 1 && path[0] === 'stitch') found.push(...splicesFor(text, replace));
        break;
      default:
        break;
    }
  }
  const labels = new Set<string>();
  return found.filter(({ label }) => !labels.has(label) && labels.add(label));
}

function checkpointsFor(
  kind: 'checkpoint' | 'location',
  text: string,
  replace: Place,
  { checkpoints }: RecipeSurroundings,
): RecipeCompletion[] {
  const roles = kind === 'location' ? [] : parseRecipe(text).recipe.checkpoints;
  return [
    ...roles.map(({ role, location }): RecipeCompletion => ({
      label: role.value,
      kind: 'checkpoint',
      detail: location.value,
      doc: ROLES[role.value.toLowerCase()],
      insert: escaped(role.value),
      replace,
    })),
    ...checkpoints.map(({ path, label }): RecipeCompletion => ({
      label: path,
      kind: 'checkpoint',
      detail: label,
      doc: undefined,
      insert: escaped(plain(path)),
      replace,
    })),
  ];
}

/** Splices of the method: every way to take the regions from IN and RL that is not one of them whole. */
const SPLICES = ['in:rl:rl', 'in:in:rl', 'rl:rl:in', 'rl:in:in', 'in:rl:in', 'rl:in:rl'];

function splicesFor(text: string, replace: Place): RecipeCompletion[] {
  const roles = new Map(parseRecipe(text).recipe.checkpoints.map(({ role }) => [role.value.toLowerCase(), role.value]));
  if (!roles.has('in') || !roles.has('rl')) return [];
  return SPLICES.map((splice) => ({
    label: splice.toUpperCase(),
    kind: 'word',
    detail: 'Early : Mid : Late',
    doc: 'Language layers by region; everything else comes from the checkpoint that gives Early.',
    insert: splice.toUpperCase(),
    replace,
  }));
}

function layersFor(replace: Place, { layers }: RecipeSurroundings): RecipeCompletion[] {
  if (layers === undefined) return [];
  const [mid, late] = [Math.floor(layers / 3), Math.floor((2 * layers) / 3)];
  const ranges: [number, number, string][] = [
    [0, layers, 'all language layers'],
    [0, mid, 'Early'],
    [mid, late, 'Mid'],
    [late, layers, 'Late'],
  ];
  return ranges.map(([first, end, detail]) => ({
    label: `[${first}, ${end}]`,
    kind: 'layers',
    detail,
    doc: 'First layer and the one after the last, counted from 0.',
    insert: `[${first}, ${end}]`,
    replace,
  }));
}

/** What every transformer's names hold, where no checkpoint is there to say. */
const USUAL_FILTERS = [
  'self_attn',
  'mlp',
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
  'embed_tokens',
  'lm_head',
  'norm',
  'visual',
];

/** Parts of tensors' names, the usual ones first. */
function filtersFor(replace: Place, { tensors }: RecipeSurroundings): RecipeCompletion[] {
  const counts = new Map<string, number>();
  for (const name of tensors) {
    const parts = name.split('.').filter((part) => !/^\d+$/.test(part) && part !== 'weight' && part !== 'bias');
    for (const part of new Set([...parts, parts.slice(-2).join('.')])) counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  const known =
    tensors.length === 0
      ? USUAL_FILTERS.map((part) => [part, undefined] as const)
      : [...counts].sort(([, a], [, b]) => b - a);
  return [['*', tensors.length] as const, ...known].map(([label, count]) => ({
    label,
    kind: 'filter',
    detail: count === undefined || count === 0 ? undefined : `${count} ${count === 1 ? 'tensor' : 'tensors'}`,
    doc: 'A tensor is meant when its name holds this.',
    insert: label === '*' ? '"*"' : escaped(label),
    replace,
  }));
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

/** Quoted where YAML would read it otherwise. */
function plain(path: string): string {
  return /^[\w./~-][\w./ ~@+-]*$/.test(path) && !/\s$/.test(path) ? path : JSON.stringify(path);
}

function escaped(text: string): string {
  return text.replace(/[\\$}]/g, '\\$&');
}
