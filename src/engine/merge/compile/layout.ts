/**
 * First pass: which tensors of which checkpoints meet in which tensor of the result. No value of a parameter is looked
 * at.
 */
import type { Tensor } from '../../checkpoint/checkpoint.js';
import type { KernelName } from '../../tensors/methods/kernels.js';
import type { Parameters } from '../../tensors/arithmetic/task.js';
import { type Section, SECTIONS } from '../../topology/topology.js';
import type { Reference } from '../recipe/ast.js';
import type { ProblemCode, Span } from '../recipe/problem.js';
import { type LayerTensor, sectionsOf } from '../sections.js';
import type { Compilation } from './context.js';
import type { LayerOrigin, Source } from './types.js';

/** A tensor of the result with its values: one that is there, or one to compute. */
export type Binding = (StoredBinding | MergedBinding) & {
  /** Where its layer comes from, where only the values tell. */
  origin?: { layer: number; of: LayerOrigin };
};

export interface StoredBinding {
  tensor: Tensor;
  /** Left out: the owner's. */
  reference?: Reference;
}

export interface MergedBinding {
  method: KernelName;
  inputs: readonly Tensor[];
  base?: number | undefined;
  models: readonly Parameters[];
  shared: Parameters;
  /** The recipe's when left out. */
  seed?: number;
  reference: Reference;
}

/** Trouble with one tensor. With many it is one sentence, which `say` makes of their names. */
export interface Trouble {
  code: ProblemCode;
  span: Span;
  name: string;
  say: (names: string) => string;
}

/** One tensor of the result. */
export interface Slot {
  /** Canonical. */
  name: string;
  /** Finds its values; undefined where there are none, which has been reported. */
  bind(trouble: (trouble: Trouble) => void): Binding | undefined;
}

/** Where every tensor of the result comes from. */
export interface Layout {
  /** Gives config, tokenizer and processor files, and the spelling of names. */
  owner: Source;
  /** In the order in which troubles are reported. */
  slots: (Slot | Trouble)[];
  layers: LayerOrigin[];
  visionLayers: LayerOrigin[];
  sections: Map<Section, Set<number>>;
}

export function emptyLayout(owner: Source): Layout {
  return { owner, slots: [], layers: [], visionLayers: [], sections: new Map() };
}

/**
 * The owner's tensors, with what `change` says of those in language layers `first` to `end` (exclusive).
 * @param change of a tensor, its layer, and its position in the range, 0 to 1; undefined: it stays.
 */
export function layoutWithChanges(
  owner: Source,
  [first, end]: readonly [number, number],
  compilation: Compilation,
  change: (tensor: LayerTensor, layer: number, position: number) => Slot | undefined,
): Layout {
  const layout = emptyLayout(owner);
  const from = compilation.indexOf(owner);
  const sections = sectionsOf(owner.checkpoint);
  const stays = (tensor: Tensor): Slot => ({ name: tensor.name, bind: () => ({ tensor }) });
  for (const section of SECTIONS) {
    const { before, after, layers } = sections[section];
    if (section !== 'language' && before.length + after.length + layers.length > 0)
      layout.sections.set(section, new Set([from]));
    layout.slots.push(...[...before, ...after].map(stays));
    layers.forEach((tensors, layer) => {
      const origin: LayerOrigin = { from: [{ source: from, layer }], fraction: null };
      if (section === 'language') layout.layers[layer] = origin;
      else if (section === 'vision') layout.visionLayers[layer] = origin;
      const inside = section === 'language' && layer >= first && layer < end;
      const position = end - first > 1 ? (layer - first) / (end - first - 1) : 1;
      for (const one of tensors)
        layout.slots.push((inside ? change(one, layer, position) : undefined) ?? stays(one.tensor));
    });
  }
  layout.sections.set('language', new Set([from]));
  return layout;
}
