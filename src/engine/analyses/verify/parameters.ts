/** The parameters that a trainer has in memory of a checkpoint, by the names that transformers 5 gives them. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { layoutById, HEADS } from '../../families/list.js';
import { tiesHead } from '../../topology/model.js';
import { isExtra } from '../../topology/names.js';
import { indexInStacks, isUnder, locateTensor } from '../../topology/place.js';
import type { Outside } from './request.js';

/** `layers`: the numbered language layers. `other`: what no part of `also` names. */
export type Part = 'layers' | Outside | 'other';
export const PARTS: readonly Part[] = ['layers', 'vision', 'projector', 'embeddings', 'norms', 'head', 'other'];

export interface Parameter {
  /** Canonical, which is the name in memory. */
  name: string;
  shape: readonly number[];
  /** Elements. */
  size: number;
  part: Part;
  /** 0-based, of a language layer; null elsewhere. */
  layer: number | null;
}

/** Tables that models compute themselves; older versions stored them. */
const BUFFER = /(?:^|\.)(?:inv_freq|original_inv_freq|position_ids|masked_bias)$/;

/**
 * In the order of the file. Left out: what does not run (layers beyond the count), buffers, and a head that is tied
 * to the
 * embedding, since both are one parameter.
 */
export function parametersOf(checkpoint: Checkpoint): Parameter[] {
  const { config, family, layout } = checkpoint;
  const tied = config !== undefined && tiesHead(config, family) === true;
  const { language } = layoutById(layout);
  return [...checkpoint.tensors.values()].flatMap(({ name, shape, size }): Parameter[] => {
    if (isExtra(name) || BUFFER.test(name) || (tied && isUnder(name, HEADS))) return [];
    const layer = indexInStacks(name, language.stacks)?.index ?? null;
    return [{ name, shape, size, layer, part: layer === null ? partOf(name, checkpoint) : 'layers' }];
  });
}

function partOf(name: string, checkpoint: Checkpoint): Part {
  const { section, component } = locateTensor(name, checkpoint, [0, 0]);
  if (section === 'vision' || section === 'projector') return section;
  if (isUnder(name, HEADS)) return 'head';
  if (section !== 'language') return 'other';
  return component === 'embedding' ? 'embeddings' : component === 'norm' ? 'norms' : 'other';
}

/** Parameters and their elements. */
export interface Count {
  tensors: number;
  parameters: number;
}

export function countOf(parameters: readonly Pick<Parameter, 'size'>[]): Count {
  return { tensors: parameters.length, parameters: parameters.reduce((sum, { size }) => sum + size, 0) };
}
