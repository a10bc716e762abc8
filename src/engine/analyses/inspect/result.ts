/** What `frankenstein inspect` says of a checkpoint: the documented JSON, `schema: 1`. */
import type { Section } from '../../topology/topology.js';

export interface InspectResult {
  schema: 1;
  path: string;
  family: string;
  /** Names of `architectures` in the config. */
  architectures: string[];
  layers: number;
  visionLayers: number;
  parameters: number;
  bytes: number;
  dtypes: Record<string, { tensors: number; parameters: number }>;
  shards: { file: string; bytes: number; tensors: number }[];
  sections: { section: Section; tensors: number; parameters: number }[];
  /** No head is stored. */
  tiedHead: boolean;
  /** No head is stored, and the config does not tie it to the embedding: the model cannot be run. */
  headMissing: boolean;
  fingerprint: string;
  tensors: InspectedTensor[];
  /** Schemes of quantised weights, and how many weights each has; left out where none is quantised. */
  quantisation?: { scheme: string; tensors: number; dequantised: boolean }[] | undefined;
  warnings: string[];
  /** How a recipe or an adapter is made, for people; null for a checkpoint of its own files. */
  madeOf: string | null;
  /** How the files were read where there was a choice; null for a recipe, which has none. */
  reading: {
    /** The weight file, or the index of the shards, that counts. */
    from: string;
    /** Names of wrappers that were taken out of the tensors' names. */
    wrappers: string[];
    /** Weight files in the folder that are not read. */
    unread: string[];
  } | null;
  /** Tensors of layers beyond those that the config counts: stored, not run, in no layer. */
  extra: { tensors: number; parameters: number };
}

export interface InspectedTensor {
  name: string;
  onDisk: string;
  section: Section;
  layer: number | null;
  depth: number | null;
  component: string;
  dtype: string;
  shape: number[];
  shard: string;
  bytes: number;
  /** Why it is not read as a weight, in a sentence: scales, codes of an unknown scheme, a dtype that is not read. */
  leftOut?: string | undefined;
}
