/**
 * A checkpoint as it lies on disk: tensors with byte ranges in files, never loaded whole. Opening reads headers only.
 */

/** Storage types of the safetensors format, as it spells them. */
export type Dtype =
  | 'F64' | 'F32' | 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2'
  | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL';

/** A tensor's bytes: row-major, little-endian, `file[begin, end)`. */
export interface StoredTensor {
  /** Name in the file. */
  onDisk: string;
  /** Name after `topology/names`, shared by both layouts of a family. */
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Elements. */
  size: number;
  shard: Shard;
  /** Absolute byte offsets in the shard. */
  begin: number;
  end: number; // exclusive
}

export interface Shard {
  /** Name inside the checkpoint folder. */
  name: string;
  /** Real path, symlinks resolved (the Hugging Face cache keeps links into `blobs/`). */
  realPath: string;
  bytes: number;
  /** Of the file at open time: a change while reading is an error, never a wrong number. */
  modifiedNs: bigint;
  /** Of the file at open time; a file replaced by one of the same size and time is a change too. */
  inode: bigint;
  /** SHA-256 of the header, hex. */
  headerHash: string;
}

export interface Checkpoint {
  /** As the user named it, absolute. */
  path: string;
  /** The folder that holds it. */
  folder: string;
  shards: Shard[];
  /** By canonical name, in file order. */
  tensors: Map<string, StoredTensor>;
  /** Parsed `config.json`; undefined when there is none. */
  config: Readonly<Record<string, unknown>> | undefined;
  /** `model_type`, or what the tensor names say. */
  family: string;
  /** Id of the entry in `topology/families` by which the names are read. */
  layout: string;
  /** Language layers and vision blocks: 1 + highest index among the names. */
  layers: number;
  visionLayers: number;
  /** Blocks per vision stack (Mllama has two); sums to `visionLayers`. */
  visionStacks: readonly number[];
  /** Names of auxiliary text files that are there (config, tokenizer, generation, chat template, processor). */
  files: string[];
  warnings: string[];
}
