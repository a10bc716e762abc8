/** Reads mergekit's configs: models, slices or modules, and a method. */
import { isMethod, METHODS } from '../../../tensors/methods/list.js';
import type { MergeBody, MergeForm, OutputModule, OutputSlice, SliceSource } from '../../recipe/ast.js';
import { layersOf, mapOf, parametersOf, readModel, referenceOf, spanOf, textOf, valueOf } from '../../recipe/nodes.js';
import { entryOf, type ListNode, type MapNode } from '../../recipe/tree.js';

export function readMerge(root: MapNode): MergeForm | undefined {
  const method = textOf(valueOf(root, 'merge_method'));
  if (method === undefined || !isMethod(method.value)) return undefined;
  const modules = mapOf(valueOf(root, 'modules'));
  const body =
    modules === undefined
      ? readBody(root)
      : {
          kind: 'modules' as const,
          ...spanOf(entryOf(root, 'modules')!.key),
          modules: modules.entries.flatMap(({ key, value }): OutputModule[] => {
            const inner = value.kind === 'map' ? readBody(value) : undefined;
            return inner === undefined
              ? []
              : [{ name: { value: key.value, ...spanOf(key) }, body: inner, parameters: parametersOf(mapOf(value)) }];
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
      ...spanOf(models.key),
      models: models.value.items.flatMap((item) => readModel(item) ?? []),
    };
  const slices = entryOf(node, 'slices');
  if (slices?.value.kind !== 'list') return undefined;
  return {
    kind: 'slices',
    ...spanOf(slices.key),
    slices: slices.value.items.flatMap((item): OutputSlice[] => {
      const map = mapOf(item);
      const sources = map && valueOf(map, 'sources');
      if (map === undefined || sources?.kind !== 'list') return [];
      return [
        {
          ...spanOf(item),
          sources: readSources(sources),
          base: referenceOf(valueOf(map, 'base_model')),
          parameters: parametersOf(map),
        },
      ];
    }),
  };
}

function readSources(node: ListNode): SliceSource[] {
  return node.items.flatMap((item) => {
    const model = readModel(item);
    const layers = model && layersOf(valueOf(item as MapNode, 'layer_range'));
    return layers === undefined ? [] : [{ ...model!, layers }];
  });
}
