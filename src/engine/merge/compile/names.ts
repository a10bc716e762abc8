/** Names of tensors: how filters see them, and how the owner of a result spells those of its layers. */
import type { Checkpoint, Tensor } from '../../checkpoint/checkpoint.js';
import { locateTensor } from '../../topology/place.js';
import { sectionsOf } from '../sections.js';

/**
 * The spellings of a tensor's name that filters are held against: canonical, on disk, and as mergekit's tables have
 * it.
 */
export function spellings({ name, onDisk }: Tensor, canonical = name): string[] {
  return [
    canonical,
    onDisk,
    canonical.replace(/^model\.language_model\./, 'model.').replace(/^model\.(?=visual\.)/, ''),
  ];
}

/** The name on disk of a tensor of the result, as the owner spells names. */
export function spellingOf(name: string, tensor: Tensor, owner: Checkpoint): string {
  const same = owner.tensors.get(name);
  if (same !== undefined) return same.onDisk;
  const other = siblingOf(name, owner) ?? tensor;
  const { layer } = locateTensor(name, owner, [0, 0]);
  if (layer === null) return other.onDisk;
  const from = locateTensor(other.name, owner, [0, 0]).layer;
  return other.onDisk.replace(`.${from}.`, `.${layer}.`);
}

/** The shape of the owner's tensor of the same kind, in any layer. */
export function expectedShape(name: string, owner: Checkpoint): readonly number[] | undefined {
  return (owner.tensors.get(name) ?? siblingOf(name, owner))?.shape;
}

/** The same tensor of another layer. */
function siblingOf(name: string, owner: Checkpoint): Tensor | undefined {
  const { section, layer } = locateTensor(name, owner, [0, 0]);
  if (layer === null) return undefined;
  const { layers } = sectionsOf(owner)[section];
  return layers.flatMap((tensors) => tensors.filter(({ stack, rest }) => name === `${stack}.${layer}.${rest}`))[0]
    ?.tensor;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}
