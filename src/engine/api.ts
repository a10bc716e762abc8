/**
 * What the engine can do, as one interface: the engine process serves it over RPC, the CLI calls it directly.
 * Requests and results are plain data (structured-clone safe).
 */
import type { GuessedOrder } from './checkpoint/order.js';
import type { CompareResult, TensorDetail } from './diff/result.js';
import type { Hybrids, HybridsRequest } from './evaluate/hybrids.js';
import type { EvaluatePlan, EvaluateProgress, EvaluateRequest } from './evaluate/request.js';
import type { EvaluateResult } from './evaluate/result.js';
import type { ExportRequest, ExportResult } from './merge/export.js';
import type { MergekitConfig } from './merge/mergekit.js';
import type { RecipeCompletion } from './merge/language/complete.js';
import type { RecipeFeedback } from './merge/language/feedback.js';
import type { RecipeHover } from './merge/language/hover.js';
import type { ProbePlan, ProbeProgress, ProbeQuestion, ProbeRequest } from './probe/request.js';
import type { ProbeResult } from './probe/result.js';
import type { FullSpectrumRequest, SpectrumPlan, SpectrumProgress, SpectrumRequest } from './spectrum/request.js';
import type { FullSpectrum, SpectrumMode, SpectrumResult } from './spectrum/result.js';
import type { Section } from './topology/topology.js';

/** Given to every call: cancel and progress. Over RPC both cross the process boundary. */
export interface CallContext<P = Progress> {
  signal?: AbortSignal | undefined;
  progress?: ((progress: P) => void) | undefined;
}

/** Work done so far, in the plan's own units. */
export interface Progress {
  /** What is happening, for people: "Reading headers", "Comparing IN → RL". */
  phase: string;
  doneBytes: number;
  totalBytes: number;
  /** Seconds left by the rate so far; null until there is one. */
  remainingSeconds: number | null;
  /** The tensor in hand, canonical name. */
  tensor: string | null;
}

export interface StageRequest {
  /** A folder, `config.json`, a shard, `model.safetensors` or the index: all mean "this checkpoint". */
  path: string;
  /** Shown in figures; the folder's name when left out. */
  label?: string | undefined;
  /** The text of a recipe that is no file: what it names is looked up from `path`, a folder. */
  recipe?: string | undefined;
}

export interface CompareRequest {
  stages: StageRequest[];
  /** First layer of Mid, first layer of Late (0-based). Thirds, floored, when left out. */
  cuts?: [number, number] | undefined;
  /** Bytes the engine may hold at once, mapped file pages included. */
  memory?: number | undefined;
  threads?: number | undefined;
  /** Folder for runs (`…/.frankenstein`); nothing is stored when left out. */
  runsFolder?: string | undefined;
}

export interface ComparePlan {
  tensors: number;
  /** Bytes to read over all stages. */
  bytes: number;
  memory: number;
  threads: number;
}

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

/** A checkpoint found in a folder tree or the Hugging Face cache. */
export interface FoundCheckpoint {
  path: string;
  /** `org/name@revision` in the cache, the path relative to its root elsewhere. */
  label: string;
  /** Of an adapter: `LORA`, or what else its config calls it. Of a recipe: `recipe`. */
  family: string;
  bytes: number;
  source: 'workspace' | 'huggingface-cache';
  /** What an adapter's config names as its base; empty where it names none. Undefined for a whole checkpoint. */
  adapterOf?: string | undefined;
}

export interface RunSummary {
  runId: string;
  kind: 'compare' | 'probe' | 'spectrum' | 'evaluate' | 'transfer' | 'sweep';
  /** Which probe, where it is one, and all that it was asked: enough to continue it. */
  probe?: ProbeRequest['kind'] | undefined;
  question?: ProbeQuestion | undefined;
  /** Which spectra, where it is those. */
  spectrum?: { mode: SpectrumMode; filter: string | null } | undefined;
  labels: string[];
  paths: string[];
  /** `unreadable`: what is on disk is no run of ours; `problem` says why. It can only be deleted. */
  state: 'finished' | 'interrupted' | 'unreadable';
  problem?: string | undefined;
  startedAt: string;
  /** 0…1 of the planned tensors or samples. */
  done: number;
  /** Folder of the run on disk. */
  folder: string;
}

export interface GenerateRequest {
  path: string;
  /** What the user says; `<image>` in it says where a picture stands, or pictures come first. */
  prompt: string;
  /** Picture files. */
  images?: string[] | undefined;
  maxNewTokens?: number | undefined;
  /** Greedy when left out. What is left out of it comes from the checkpoint's generation_config.json. */
  sampling?:
    | { temperature: number; topK?: number | undefined; topP?: number | undefined; seed?: number | undefined }
    | undefined;
  /** So many of the first new token's largest logits are given. */
  topLogits?: number | undefined;
  /** Bytes the engine may hold at once. Half of the machine's memory when left out. */
  memory?: number | undefined;
  threads?: number | undefined;
  /** Execution provider: `cpu` (default), `webgpu`, `cuda`, `coreml`, `dml`. */
  provider?: string | undefined;
}

export interface GenerateProgress {
  /** What the answer has gained. */
  text: string;
}

export interface GenerateResult {
  /** Without special tokens. */
  text: string;
  /** New tokens; the stop token, where there was one, is the last. */
  tokenIds: number[];
  promptTokens: number;
  /** Of the first new token, largest first. */
  topLogits: [id: number, logit: number][];
  /** What ended the answer. */
  ended: 'stop' | 'length';
  /** Where it ran. */
  provider: string;
  /** What was not as asked for, in sentences. */
  notices: string[];
}

/** What the engine may ask of the process that started it. */
export interface EngineHost {
  /** The key of the endpoint at this address, from where the host keeps secrets; null where there is none. */
  languageModelKey(request: { url: string }): Promise<string | null>;
  /** The answer of one of the editor's language models to a prompt, about a picture where there is one. */
  complete(
    request: { model: string; prompt: string; picture?: { type: string; bytes: Uint8Array } | undefined },
    context?: CallContext,
  ): Promise<string>;
}

export interface EngineApi {
  inspect(request: { path: string }, context?: CallContext): Promise<InspectResult>;
  planCompare(request: CompareRequest, context?: CallContext): Promise<ComparePlan>;
  /** Continues a run that was interrupted and returns at once for one that is finished. */
  compare(request: CompareRequest, context?: CallContext): Promise<CompareResult>;
  /** The same comparison cut elsewhere; nothing is read again. */
  recut(request: { result: CompareResult; cuts: [number, number] }): Promise<CompareResult>;
  tensorDetail(
    request: { stages: StageRequest[]; name: string; from: number; memory?: number | undefined },
    context?: CallContext,
  ): Promise<TensorDetail>;
  planSpectrum(request: SpectrumRequest, context?: CallContext): Promise<SpectrumPlan>;
  /** Continues a run that was interrupted, returns at once for one that is finished, and refines one that was fast. */
  spectrum(request: SpectrumRequest, context?: CallContext<SpectrumProgress>): Promise<SpectrumResult>;
  /** The same spectra cut elsewhere; nothing is read again. */
  recutSpectrum(request: { result: SpectrumResult; cuts: [number, number] }): Promise<SpectrumResult>;
  /** All singular values of one update: from the stored run, else computed. */
  fullSpectrum(request: FullSpectrumRequest, context?: CallContext<SpectrumProgress>): Promise<FullSpectrum>;
  /** Lineage order guessed from names and from which pair is closer; indices into `paths`, with the reason. */
  guessOrder(request: { paths: string[] }, context?: CallContext): Promise<GuessedOrder>;
  /** Runs the checkpoint on one prompt; the answer streams as progress. */
  generate(request: GenerateRequest, context?: CallContext<GenerateProgress>): Promise<GenerateResult>;
  planProbe(request: ProbeRequest, context?: CallContext<ProbeProgress>): Promise<ProbePlan>;
  /** Continues a run that was interrupted and returns at once for one that is finished. */
  probe(request: ProbeRequest, context?: CallContext<ProbeProgress>): Promise<ProbeResult>;
  /** What is wrong with a recipe that is being written, and what it would make. */
  checkRecipe(request: { file: string; text: string }, context?: CallContext): Promise<RecipeFeedback>;
  completeRecipe(
    request: { file: string; text: string; offset: number; checkpoints: { path: string; label: string }[] },
    context?: CallContext,
  ): Promise<RecipeCompletion[]>;
  hoverRecipe(request: { text: string; offset: number }): Promise<RecipeHover | null>;
  mergekitFormat(request: { file: string; text: string }, context?: CallContext): Promise<MergekitConfig>;
  /** Writes a recipe, or an adapter with its base, as an ordinary checkpoint. */
  exportMerged(request: ExportRequest, context?: CallContext): Promise<ExportResult>;
  /** The checkpoints of a transferability test (IN, RL and their six splices), or of a sweep. */
  hybrids(request: HybridsRequest, context?: CallContext): Promise<Hybrids>;
  planEvaluate(request: EvaluateRequest, context?: CallContext<EvaluateProgress>): Promise<EvaluatePlan>;
  /** Continues a run that was interrupted; asks only what no earlier run has asked of the same checkpoint. */
  evaluate(request: EvaluateRequest, context?: CallContext<EvaluateProgress>): Promise<EvaluateResult>;
  /** A picture inside a Parquet file of this folder, as an evaluation names it. */
  parquetPicture(request: { folder: string; name: string }): Promise<Uint8Array>;
  /** Checkpoints below `roots` and in the Hugging Face cache, without opening a weight file. */
  discover(request: { roots: string[]; huggingFaceCache: boolean }, context?: CallContext): Promise<FoundCheckpoint[]>;
  listRuns(request: { runsFolder: string }): Promise<RunSummary[]>;
  /** Of a run of kind `compare`. */
  readRun(request: { runsFolder: string; runId: string }): Promise<CompareResult>;
  /** Of a run of kind `spectrum`. */
  readSpectrum(request: { runsFolder: string; runId: string }): Promise<SpectrumResult>;
  /** Of a run of kind `probe`. */
  readProbe(request: { runsFolder: string; runId: string }): Promise<ProbeResult>;
  /** Of a run of kind `evaluate`, `transfer` or `sweep`. */
  readEvaluation(request: { runsFolder: string; runId: string }): Promise<EvaluateResult>;
  deleteRun(request: { runsFolder: string; runId: string }): Promise<void>;
}
