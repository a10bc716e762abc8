/** Checks mappings, records and settings. */
import { METHODS } from '../../../tensors/methods/list.js';
import { spanOf } from '../nodes.js';
import { nearest, type Report } from '../problem.js';
import { MAPS } from '../schema/maps.js';
import type { MapName, Shape } from '../schema/shapes.js';
import { entryOf, type MapNode, type TreeNode } from '../tree.js';
import { firstLine } from './edits.js';
import { checkOneOf, checkRecipe, entriesOf, EXCLUSIVE } from './recipe.js';

/** A role must not look like a path. */
const ROLE = /^[A-Za-z_][\w-]*$/;

/** Checks the values inside: `checkShape`, which checks mappings with these. */
export type CheckValue = (node: TreeNode, shape: Shape, text: string, report: Report) => void;

export function checkMap(node: MapNode, name: MapName, checkValue: CheckValue, text: string, report: Report): void {
  const { keys } = MAPS[name];
  const superfluous = new Set(entriesOf(node, EXCLUSIVE[name as keyof typeof EXCLUSIVE] ?? []).slice(1));
  for (const entry of node.entries) {
    const { key, value } = entry;
    const spec = Object.hasOwn(keys, key.value) ? keys[key.value] : undefined;
    if (spec !== undefined) {
      // One that must go is not looked into.
      if (!superfluous.has(entry)) checkValue(value, spec.shape, text, report);
      continue;
    }
    const close = nearest(key.value, Object.keys(keys));
    const ignored = isIgnored(node, name);
    report({
      code: 'unknown-key',
      severity: ignored ? 'warning' : 'error',
      ...spanOf(key),
      message: ignored
        ? `"${key.value}" is ignored here, as mergekit ignores it${hintOn(name, key.value, close)}`
        : close === undefined
          ? `"${key.value}" means nothing here; these do: ${Object.keys(keys).join(', ')}.`
          : `"${key.value}" means nothing here; did you mean ${close}?`,
      fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...spanOf(key), text: close }] },
    });
  }
  for (const [key, { required }] of Object.entries(keys)) {
    if (required && entryOf(node, key) === undefined) {
      report({
        code: 'missing-key',
        severity: 'error',
        ...firstLine(node, text),
        message: `${key} is missing here: ${lowerFirst(keys[key]!.doc)}`,
      });
    }
  }
  if (name === 'recipe') checkRecipe(node, text, report);
  if (name === 'module') checkOneOf(node, EXCLUSIVE.module, 'A module', text, report);
}

/**
 * Mappings that mergekit has too: it reads what it knows and passes over the rest, such as a name or a holder of
 * anchors.
 */
const MERGEKIT_MAPS: ReadonlySet<MapName> = new Set([
  'model',
  'slice',
  'source',
  'module',
  'conditional',
  'tokenizer',
  'reference',
  'path',
]);

function hintOn(map: MapName, key: string, close: string | undefined): string {
  if (map === 'model' && key === 'layer_range')
    return ': under models, whole models are merged. Ranges of layers belong under slices.';
  const ofMethod = Object.values(METHODS).some(({ parameters }) => parameters.some(({ name }) => name === key));
  if (ofMethod && map !== 'recipe') return ': parameters of the method belong under parameters.';
  return close === undefined ? '.' : `; did you mean ${close}?`;
}

function isIgnored(node: MapNode, name: MapName): boolean {
  if (name === 'recipe') return ['models', 'slices', 'modules'].some((key) => entryOf(node, key) !== undefined);
  return MERGEKIT_MAPS.has(name);
}

export function checkRecord(
  node: MapNode,
  { of, keys }: Extract<Shape, { kind: 'record' }>,
  checkValue: CheckValue,
  text: string,
  report: Report,
): void {
  for (const { key, value } of node.entries) {
    if (keys === 'role' && !ROLE.test(key.value))
      report({
        code: 'bad-value',
        severity: 'error',
        ...spanOf(key),
        message: 'The name of a checkpoint is a word of letters, digits, - and _.',
      });
    checkValue(value, of, text, report);
  }
}

/** Lists are gradients or cases, never both. */
export function checkSetting(node: TreeNode, checkValue: CheckValue, text: string, report: Report): void {
  if (node.kind === 'map') checkMap(node, 'conditional', checkValue, text, report);
  else if (node.kind === 'list') {
    const cases = node.items.some((item) => item.kind === 'map');
    for (const item of node.items) {
      if (item.kind === 'map') checkMap(item, 'conditional', checkValue, text, report);
      else if (cases || item.kind === 'list' || item.value === null)
        report({
          code: 'wrong-type',
          severity: 'error',
          ...spanOf(item),
          message: cases
            ? 'This list mixes cases ({filter, value}) with plain values; it must be one or the other.'
            : 'A number is expected in a gradient.',
        });
    }
    if (node.items.length === 0)
      report({
        code: 'bad-value',
        severity: 'warning',
        ...spanOf(node),
        message: 'An empty list gives no value: the default counts.',
      });
  } else if (node.value === null)
    report({ code: 'wrong-type', severity: 'error', ...spanOf(node), message: 'A value is missing here.' });
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
