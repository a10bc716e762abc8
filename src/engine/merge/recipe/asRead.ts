/**
 * A tree as mergekit reads it. Its schema (pydantic, not strict) takes null for what may be left out, passes over some
 * empty values, and turns texts into numbers. `test/parity/merge/configs.test.ts` holds this to mergekit's own parser.
 */
import { MAPS } from './schema/maps.js';
import { alternatives, type KeySpec, type Shape } from './schema/shapes.js';
import type { MapEntry, MapNode, ScalarNode, TreeNode } from './tree.js';

/**
 * Without the entries that count as left out, and with numbers where numbers are meant. The tree itself stays as it is.
 */
export function asRead(node: TreeNode, shape: Shape): TreeNode {
  for (const one of alternatives(shape)) {
    if (one.kind === 'map' && node.kind === 'map') return mapAsRead(node, MAPS[one.map].keys);
    if (one.kind === 'record' && node.kind === 'map')
      return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: asRead(entry.value, one.of) })) };
    if (one.kind === 'list' && node.kind === 'list')
      return { ...node, items: node.items.map((item) => asRead(item, one.of)) };
    if (one.kind === 'layers' && node.kind === 'list') return { ...node, items: node.items.map(numberAsRead) };
    if (one.kind === 'setting') return settingAsRead(node);
    if (one.kind === 'number') return numberAsRead(node);
  }
  return node;
}

function mapAsRead(node: MapNode, keys: Readonly<Record<string, KeySpec>>): MapNode {
  const entries = node.entries.flatMap((entry): MapEntry[] => {
    const spec = Object.hasOwn(keys, entry.key.value) ? keys[entry.key.value]! : undefined;
    if (spec === undefined) return [entry];
    return isLeftOut(entry.value, spec) ? [] : [{ ...entry, value: asRead(entry.value, spec.shape) }];
  });
  return { ...node, entries };
}

/** Cases; plain values are read by the method, which knows their types. */
function settingAsRead(node: TreeNode): TreeNode {
  if (node.kind === 'map') return asRead(node, { kind: 'map', map: 'conditional' });
  return node.kind === 'list' ? { ...node, items: node.items.map(settingAsRead) } : node;
}

function isLeftOut(node: TreeNode, { leftOut, shape }: KeySpec): boolean {
  if (leftOut === undefined) return false;
  if (node.kind === 'scalar' && node.value === null) return true;
  if (leftOut === 'null') return false;
  switch (shape.kind) {
    case 'list':
      return node.kind === 'list' && node.items.length === 0;
    case 'record':
    case 'unsupported':
      return node.kind === 'map' && node.entries.length === 0;
    default:
      return node.kind === 'scalar' && node.value === '';
  }
}

/** Text that is a number; anything else as it is. */
function numberAsRead(node: TreeNode): TreeNode {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value.trim() === '') return node;
  const value = Number(node.value);
  return Number.isFinite(value) ? ({ ...node, value } satisfies ScalarNode) : node;
}
