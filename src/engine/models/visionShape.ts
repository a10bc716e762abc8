/** Sizes of a vision tower and of what maps its features to the language model. */
import type { Activation, VisionFamily } from '../families/family.js';

export interface VisionSpec {
  root: string;
  family: VisionFamily;
  blocks: number;
  width: number;
  heads: number;
  inner: number;
  activation: Activation;
  /** Of the blocks' norms. */
  norm: 'rms' | 'layer';
  epsilon: number;
  /** Queries, keys and values have a bias. */
  qkvBias: boolean;
  /** Pixels of a patch: channels · temporal · side · side. */
  patchValues: number;
  patchSize: number;
  /** Patches per side that become one token of the language model. */
  merge: number;
  /** Pixels per side of an attention window; null: full attention everywhere. */
  window: number | null;
  fullBlocks: ReadonlySet<number>;
  /** Entries per side of the position table; 0: there is none. */
  tableSide: number;
  /** Block indices whose output feeds the first language layers, in the order of those layers. */
  deepstack: number[];
  /** Of a tower that sees squares of one size; null: images of any size, with rotated positions. */
  square: SquareSpec | null;
  projector: ProjectorSpec;
}

/** A tower whose patches have a learned position each (ViT). */
export interface SquareSpec {
  /** Patches per side. */
  side: number;
  /** A token that stands before the patches and is no feature. */
  classToken: boolean;
  /** What attention and MLP add is multiplied by a vector each. */
  scales: boolean;
  /** RMS norms of queries and keys over all heads. */
  qkNorm: boolean;
  /** A norm after the last block. */
  finalNorm: boolean;
}

export interface ProjectorSpec {
  /** Rows of its first matrix, where it has two. */
  inner: number;
  activation: Activation;
  epsilon: number;
}

/** Tokens that a frame of so many patches has in the tower. */
export function frameTokens({ square }: Pick<VisionSpec, 'square'>, patches: number): number {
  return patches + (square?.classToken === true ? 1 : 0);
}
