/** Values that may stand at a place of a recipe. */
import { METHOD_NAMES, METHODS } from '../../tensors/methods/list.js';
import { parseRecipe } from '../recipe/parse.js';
import type { Span } from '../recipe/problem.js';
import { shapeAt } from '../recipe/schema/maps.js';
import { alternatives } from '../recipe/schema/shapes.js';
import { ROLES } from '../recipe/schema/words.js';
import type { Path } from './cursor.js';
import type { RecipeCompletion, RecipeSurroundings } from './completion.js';

export function valuesAt(
  { path }: { path: Path },
  text: string,
  replace: Span,
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
        if (path.length === 1 && path[0] === 'stitch') found.push(...stitchesFor(text, replace));
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
  replace: Span,
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

/** Every way to take the regions from IN and RL that is not one of them whole. */
const STITCHES = ['in:rl:rl', 'in:in:rl', 'rl:rl:in', 'rl:in:in', 'in:rl:in', 'rl:in:rl'];

function stitchesFor(text: string, replace: Span): RecipeCompletion[] {
  const roles = new Map(parseRecipe(text).recipe.checkpoints.map(({ role }) => [role.value.toLowerCase(), role.value]));
  if (!roles.has('in') || !roles.has('rl')) return [];
  return STITCHES.map((stitch) => ({
    label: stitch.toUpperCase(),
    kind: 'word',
    detail: 'Early : Mid : Late',
    doc: 'Language layers by region; everything else comes from the checkpoint that gives Early.',
    insert: stitch.toUpperCase(),
    replace,
  }));
}

function layersFor(replace: Span, { layers }: RecipeSurroundings): RecipeCompletion[] {
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
function filtersFor(replace: Span, { tensors }: RecipeSurroundings): RecipeCompletion[] {
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

/** Quoted where YAML would read it otherwise. */
export function plain(path: string): string {
  return /^[\w./~-][\w./ ~@+-]*$/.test(path) && !/\s$/.test(path) ? path : JSON.stringify(path);
}

export function escaped(text: string): string {
  return text.replace(/[\\$}]/g, '\\$&');
}
