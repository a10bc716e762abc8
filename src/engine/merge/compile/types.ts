/** What a recipe's compiler starts from and ends with. */
import type { Checkpoint, Tensor } from '../../checkpoint/checkpoint.js';
import type { Section } from '../../topology/topology.js';

/** A checkpoint that a recipe names, open. */
export interface Source {
  /** Absolute path, as `openCheckpoint` takes it; equal for references that mean the same. */
  path: string;
  /** What people call it: its role, or its folder. */
  label: string;
  checkpoint: Checkpoint;
  /** Set where a text model stands under the names of this vision-language model: it only gives language layers. */
  languageOf?: string | undefined;
}

/** Where a layer of the result comes from. */
export interface LayerOrigin {
  /** Indices into the sources, with the layer of each. */
  from: { source: number; layer: number }[];
  /** How much the second of two sources counts, 0 to 1, where the method has such a number. */
  fraction: number | null;
}

/** The result of compiling a recipe: every tensor, stored or as an expression over stored ones. */
export interface RecipePlan {
  /** Those that are used, in order of first use. */
  sources: Source[];
  /** Index of the source whose config, tokenizer and processor files the result has. */
  owner: number;
  /** By canonical name. `onDisk` is spelled as the owner spells names. */
  tensors: Map<string, Tensor>;
  /** Language layers in order. */
  layers: LayerOrigin[];
  /** Sources of everything that is in no language layer. */
  sections: { section: Section; from: number[] }[];
  /** Index of the source of each vision block; the owner's when nobody stacks them anew. */
  visionLayers: LayerOrigin[];
  stored: { tensors: number; bytes: number };
  computed: { tensors: number; bytes: number };
}
