/** What may stand at a place of a recipe. Pure; made from the same table that the parser checks against. */
import { isMethod, METHODS, type MethodName } from '../../tensors/methods/list.js';
import type { Span } from '../recipe/problem.js';
import { alternatives, type KeySpec, type Shape } from '../recipe/schema/shapes.js';
import { MAPS, shapeAt } from '../recipe/schema/maps.js';
import { MODULES, ROLES } from '../recipe/schema/words.js';
import { valuesAt } from './completeValues.js';
import { type Cursor, cursorAt, type Path } from './cursor.js';
import type { RecipeCompletion, RecipeSurroundings } from './completion.js';
import type { MapNode } from '../recipe/tree.js';

export function completeRecipe(text: string, offset: number, around: RecipeSurroundings): RecipeCompletion[] {
  const cursor = cursorAt(text, offset);
  if (cursor === undefined) return [];
  const { word, key, value } = cursor;
  return [
    ...(key === undefined ? [] : keysAt(key, text, cursor)),
    ...(value === undefined ? [] : valuesAt(value, text, word, around)),
  ];
}

function keysAt(
  { path, map }: { path: Path; map: MapNode },
  text: string,
  { word: replace, flow, indent }: Cursor,
): RecipeCompletion[] {
  const there = new Set(map.entries.map(({ key }) => key.value));
  const shape = shapeAt(path);
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
      insert:
        `${own}: ` +
        `\${1:${typeof standard === 'number' || typeof standard === 'boolean' ? String(standard) : '1.0'}}`,
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
