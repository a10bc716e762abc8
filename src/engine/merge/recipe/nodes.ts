/** Reads values off a recipe's tree. What is not of the right kind is undefined: `check` has said so. */
import type { InputModel, LayerRange, Parameter, Reference, Scalar, Setting } from './ast.js';
import type { Located, Report, Span } from './problem.js';
import { entryOf, type MapNode, type TreeNode } from './tree.js';

/** A range without layers is meant for one layer. */
export function checkNotEmpty(layers: LayerRange | undefined, report: Report): void {
  if (layers === undefined) return;
  const [first, end] = layers.value;
  if (first === end)
    report({
      code: 'layer-range',
      severity: 'warning',
      ...spanOf(layers),
      message: `[${first}, ${end}] has no layer, so nothing changes: ranges exclude their end, so layer ${first} is [${first}, ${first + 1}].`,
    });
}

export function readModel(node: TreeNode): InputModel | undefined {
  const map = mapOf(node);
  const model = map && referenceOf(valueOf(map, 'model'));
  return model && { ...spanOf(node), model, parameters: parametersOf(map) };
}

export function parametersOf(map: MapNode | undefined): Parameter[] {
  const record = map && mapOf(valueOf(map, 'parameters'));
  return (record?.entries ?? []).flatMap(({ key, value }) => {
    const setting = settingOf(value);
    return setting === undefined ? [] : [{ name: { value: key.value, ...spanOf(key) }, setting }];
  });
}

export function settingOf(node: TreeNode | undefined): Setting | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar')
    return node.value === null ? undefined : { kind: 'scalar', value: node.value, ...spanOf(node) };
  if (node.kind === 'map') return conditionalOf([node], node);
  const maps = node.items.filter((item) => item.kind === 'map');
  if (maps.length > 0) return conditionalOf(maps, node);
  const values = node.items.flatMap((item): Located<Scalar>[] =>
    item.kind === 'scalar' && item.value !== null ? [{ value: item.value, ...spanOf(item) }] : [],
  );
  return { kind: 'gradient', values, ...spanOf(node) };
}

export function conditionalOf(maps: readonly MapNode[], node: TreeNode): Setting {
  const cases = maps.flatMap((map) => {
    const setting = settingOf(valueOf(map, 'value'));
    return setting === undefined ? [] : [{ filter: textOf(valueOf(map, 'filter')), setting }];
  });
  return { kind: 'conditional', cases, ...spanOf(node) };
}

/** A model by name, or as mergekit's mapping. */
export function referenceOf(node: TreeNode | undefined): Reference | undefined {
  const map = mapOf(node);
  if (map === undefined) return textOf(node);
  const [model, lora] = ['model', 'lora'].map((key) => pathOf(valueOf(map, key)));
  return model && lora ? { ...model, value: `${model.value}+${lora.value}` } : model;
}

export function pathOf(node: TreeNode | undefined): Reference | undefined {
  const map = mapOf(node);
  if (map === undefined) return textOf(node);
  const [path, revision] = [textOf(valueOf(map, 'path')), textOf(valueOf(map, 'revision'))];
  return path && revision ? { ...path, value: `${path.value}@${revision.value}` } : path;
}

export function layersOf(node: TreeNode | undefined): LayerRange | undefined {
  if (node?.kind !== 'list' || node.items.length !== 2) return undefined;
  const [first, end] = node.items.map((item) => integerOf(item)?.value);
  return first === undefined || end === undefined || first < 0 || first > end
    ? undefined
    : { value: [first, end], ...spanOf(node) };
}

export function valueOf(map: MapNode, key: string): TreeNode | undefined {
  return entryOf(map, key)?.value;
}

export function mapOf(node: TreeNode | undefined): MapNode | undefined {
  return node?.kind === 'map' ? node : undefined;
}

export function textOf(node: TreeNode | undefined): Located<string> | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' && node.value !== ''
    ? { value: node.value, ...spanOf(node) }
    : undefined;
}

export function numberOf(node: TreeNode | undefined): Located<number> | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' && Number.isFinite(node.value)
    ? { value: node.value, ...spanOf(node) }
    : undefined;
}

export function integerOf(node: TreeNode | undefined): Located<number> | undefined {
  const number = numberOf(node);
  return number !== undefined && Number.isSafeInteger(number.value) ? number : undefined;
}

export function wordOf<W extends string>(node: TreeNode | undefined, words: readonly W[]): W | undefined {
  return words.find((word) => word === textOf(node)?.value);
}

export function spanOf({ offset, length }: Span): Span {
  return { offset, length };
}
