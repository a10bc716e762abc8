/**
 * A checkpoint: tensors that lie in files as byte ranges, or that are computed from such tensors when they are read.
 * Nothing is loaded whole, and opening reads headers only. Everything here is plain data, so that a tensor can be sent
 * to a worker thread and read there.
 */

/** Storage types of the safetensors format, as it spells them. */
export type Dtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

interface TensorFacts {
  /**
   * Name in the file, without the names of wrappers (`Reading.wrappers`); of a computed tensor, the name that its base
   * or donor has in its file.
   */
  onDisk: string;
  /** Name in the file where it is another one: with the names of wrappers. `nameInFile` gives either. */
  inFile?: string | undefined;
  /** Name after `topology/names`, shared by both layouts of a family. */
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Elements. */
  size: number;
}

/**
 * A tensor's bytes: row-major, little-endian, `file[begin, end)`. The file may be another checkpoint's: a stitched
 * model is made of such tensors and costs nothing.
 */
export interface StoredTensor extends TensorFacts {
  shard: Shard;
  /** Absolute byte offsets in the shard. */
  begin: number;
  end: number; // exclusive
  expression?: undefined;
}

/** A tensor as the header has it, before its family's names are known. */
export type Found = Omit<StoredTensor, 'name' | 'dtype'> & { dtype: string };

/**
 * A tensor that is nowhere on disk: what `expression` gives, rounded once to `dtype`, as a file would hold it. One that
 * is never stored (an adapter's, which runs beside its base) has dtype F64 and is not rounded at all. Made by
 * `computedTensor`, read by `elements.ts`.
 */
export interface ComputedTensor extends TensorFacts {
  expression: TensorExpression;
  /** Equal ids, equal values, in any process: a hash of the expression and of the files under it. */
  id: string;
}

/** `expression === undefined` tells the two apart. */
export type Tensor = StoredTensor | ComputedTensor;

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

/**
 * A stored tensor that is not read as a weight: codes of a quantised one whose scheme is not read here, its scales, or
 * a dtype that is not read here. `inspect` lists it; everything else names it where its weight is missing.
 */
export interface LeftOutTensor {
  onDisk: string;
  /** As a tensor's. */
  inFile?: string | undefined;
  /** Canonical. */
  name: string;
  /** As the file spells it. */
  dtype: string;
  shape: number[];
  /** Elements. */
  size: number;
  shard: Shard;
  /** Absolute byte offsets in the shard. */
  begin: number;
  end: number; // exclusive
  /** Canonical name of the weight that cannot be read for this; null where none is, as for scales that were applied. */
  weight: string | null;
  /** A sentence. */
  reason: string;
}

/** Weights that are stored as codes with scales. */
export interface Quantisation {
  /** For people: "FP8 with one scale per block of 128 × 128", "GPTQ". */
  scheme: string;
  /** Weights. */
  tensors: number;
  /** Whether they are read, as code × scale; otherwise they are left out. */
  dequantised: boolean;
}

export interface Checkpoint {
  /** As the user named it, absolute. */
  path: string;
  /** The folder that holds it. */
  folder: string;
  /** Its own files; those of other checkpoints that it uses are in `virtual.sources`. */
  shards: Shard[];
  /** By canonical name, in file order. */
  tensors: Map<string, Tensor>;
  /** Parsed `config.json`; undefined when there is none. */
  config: Readonly<Record<string, unknown>> | undefined;
  /** `model_type`, or what the tensor names say. */
  family: string;
  /** Id of the layout in `families` by which the names are read. */
  layout: string;
  /** Language layers and vision blocks that run: as many as the config counts; 1 + highest index where it does not. */
  layers: number;
  visionLayers: number;
  /** Blocks per vision stack (Mllama has two); sums to `visionLayers`. */
  visionStacks: readonly number[];
  /** Path per name of auxiliary text files that are there (config, tokenizer, generation, chat template, processor). */
  files: Map<string, string>;
  warnings: string[];
  /** Undefined for a recipe, which has no files of its own. */
  reading?: Reading | undefined;
  /** Tensors of its files that are not among `tensors`; undefined where all are. */
  leftOut?: readonly LeftOutTensor[] | undefined;
  /** Undefined where no weight is quantised. */
  quantisation?: readonly Quantisation[] | undefined;
  /** Undefined for a checkpoint whose tensors all lie in its own files. */
  virtual?: Virtual | undefined;
}

/** How a checkpoint's files were read where there was a choice. */
export interface Reading {
  /** The weight file, or the index of the shards, that counts. */
  from: string;
  /** Names of wrappers that were taken out of the tensors' names: `_orig_mod`, `module`. */
  wrappers: string[];
  /** Weight files in the folder that are not read. */
  unread: string[];
}

/** What a checkpoint is made of that exists only as a description. */
export interface Virtual {
  kind: 'adapter' | 'recipe';
  /** What people call it: the adapter's folder, the recipe's file. */
  label: string;
  /** How it is made, for people: "LoRA of rank 16 on Qwen2.5-VL-7B". */
  summary: string;
  /** What it uses, open; may be virtual too. */
  sources: Checkpoint[];
  /** What it does with them and its own files, as JSON keeps it: part of the fingerprint. */
  recipe: unknown;
  /** Jinja, in place of the template that the files have. */
  chatTemplate?: string | undefined;
}

/** Every kind of expression. Structured-clone safe: it is evaluated in worker threads. */
export type TensorExpression = LoraExpression | MergeExpression | ScaledExpression | ViewExpression;

/** A factor as it is stored: rows × columns, or transposed. */
export interface Factor {
  tensor: Tensor;
  transposed: boolean;
}

/** W + s·L·R. */
export interface LoraExpression {
  kind: 'lora';
  /** W. */
  base: Tensor;
  left: Factor;
  right: Factor;
  rank: number;
  scaling: number;
}

/** A quantised weight as its codes times their scales. */
export interface ScaledExpression {
  kind: 'scaled';
  codes: Omit<StoredTensor, 'name'>;
  /** Row-major, `grid` of them. */
  scales: Omit<StoredTensor, 'name'>;
  /** The scales are powers of two, stored as exponents with a bias of 127 (E8M0). */
  exponents: boolean;
  /** Scales per axis of the codes, and elements that share one; the last block may be cut off. */
  grid: number[];
  block: number[];
  /** W = code · scale / divisor: 127 for bitsandbytes, whose scale is the largest magnitude of a row. */
  divisor: number;
  /** One byte that must be 0: the codes lie in rows, not in a GPU's tiles (bitsandbytes' `weight_format`). */
  format: Omit<StoredTensor, 'name'> | undefined;
}

/** Matrix p, row r, column c is element `first + p·matrixStride + r·rowStride + c·columnStride` of the source. */
export interface View {
  rows: number;
  columns: number;
  first: number;
  matrixStride: number;
  rowStride: number;
  columnStride: number;
}

export interface ViewExpression extends View {
  kind: 'view';
  source: Tensor;
}

/** Parameters of a merge method, by name. */
export type MergeParameters = Readonly<Record<string, number | boolean | null>>;

/** A merged tensor: what it is made of and how. */
export interface MergeExpression {
  kind: 'merge';
  /** Which kernel of `tensors/arithmetic`. */
  method: string;
  /** All of the shape of the result; may be computed themselves. */
  inputs: readonly Tensor[];
  /** Index of the base among them. */
  base: number | null;
  /** Per input. */
  models: readonly MergeParameters[];
  shared: MergeParameters;
  /** Names the random numbers. */
  stream: string;
}
