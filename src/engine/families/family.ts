/**
 * What a family of models is, as data. A family that is only compared has a layout; one that is run has a model too.
 *
 * Paths are canonical (see `topology/names.ts`) and match whole dotted segments: `model.visual` holds
 * `model.visual.merger.norm` and not `model.visually`. Source of the layouts: the weight maps of the published
 * checkpoints and transformers.
 */

/** What a tensor is part of. */
export type Component = 'attention' | 'mlp' | 'norm' | 'embedding' | 'other';

/** Functions between the matrices of an MLP, by the names that configs use. */
export type Activation = 'silu' | 'gelu' | 'gelu_pytorch_tanh' | 'quick_gelu';

/** One family: a file of this folder, and a line in `list.ts`. */
export interface Family {
  /** `model_type` values of its configs; exactly one where it has a model. */
  modelTypes: readonly string[];
  /** Where its tensors belong. */
  layout: Layout;
  /** How it is run; left out: it can be compared, inspected and merged only. */
  model?: ModelDeclaration;
  /**
   * Its stacks of experts are `[E, in, out]` always, and gate and up alternate in them: a stack has no halves to take
   * apart.
   */
  interleavedExperts?: true;
  /** What mergekit 0.1.5 calls its vision encoder, where it has a table of the family's modules. */
  mergekitVision?: 'vision_tower' | 'vision_model';
}

/** Where tensors belong, by name. Several families may have one. */
export interface Layout {
  /** Names the layout; the family shown for a checkpoint without a config. */
  id: string;
  /**
   * Recognises the layout without a config: every pattern must fit some name on disk, digits written `N`. Entries are
   * tried in table order, so a special case stands before the general one. Empty: never recognised, only named.
   */
  signs: readonly RegExp[];
  /** On-disk spellings of this family alone, applied before the common ones. Must be idempotent together with them. */
  renames?: readonly (readonly [RegExp, string])[];
  /** The older layout kept the language model at `model.layers`; the newer one at `model.language_model.layers`. */
  flatLanguage?: true;
  projector: readonly string[];
  vision: {
    roots: readonly string[];
    /** Numbered stacks in the order data flows; the index of a later stack continues the former's. */
    stacks: readonly string[];
    /** Key of `vision_config` that counts the blocks of a stack, where it is not `depth` or `num_hidden_layers`. */
    counts?: Readonly<Record<string, string>>;
  };
  language: {
    roots: readonly string[];
    stacks: readonly string[];
  };
  /** Names whose component their segments do not tell. First match wins, before the common rules. */
  components?: readonly (readonly [RegExp, Component])[];
}

/**
 * How a family is run. Source of every number: the configuration classes of transformers, whose defaults a config may
 * omit.
 */
export interface ModelDeclaration {
  /** For people. */
  name: string;
  /**
   * A head that is not stored is also tied by the flag of `text_config`; otherwise only by that of the whole config.
   */
  tiedByText?: true;
  /** A head that is not stored is tied where the whole config does not say. */
  tiedByDefault?: true;
  /** What its checkpoints store and transformers does not load: paths whose tensors run nowhere. */
  unused?: readonly string[];
  /** Every setting of its config that is understood: read here, or without effect on this family's arithmetic. */
  keys: {
    /** Of the language model: `text_config`, or the config itself. */
    language: readonly string[];
    /** Of `vision_config`. */
    vision?: readonly string[];
    /** Above both, beside those of the language model. */
    model?: readonly string[];
  };
  language: LanguageFamily;
  /** By `model_type` of the language model's config, where several families of them stand in this one. */
  languages?: Readonly<Record<string, LanguageFamily>>;
  vision?: VisionFamily;
}

/** How the three coordinates of a token share the frequencies of the rotation. */
export type RopeAxes =
  /** One position per token. */
  | 'text'
  /** Contiguous sections: first time, then height, then width (Qwen2-VL). */
  | 'sections'
  /** Time, height, width in turn, time for the rest (Qwen3-VL). */
  | 'interleaved';

export interface LanguageFamily {
  /** Canonical path above `layers`, `embed_tokens` and `norm`. */
  root: string;
  /** Where the config gives none. */
  ropeTheta: number;
  /** Of the RMS norms, where the config gives none. */
  epsilon: number;
  /**
   * Biases: on queries, keys and values always, or on those and the output where the config's `attention_bias` says.
   */
  biases: 'qkv' | 'attention_bias';
  /** Whether the config's `mlp_bias` counts. */
  mlpBias?: true;
  /** Queries and keys are normalised per head. */
  qkNorm?: true;
  /** RMS norms of the language model multiply by one more than what is stored. */
  unitNorms?: true;
  /** What attention and MLP give is normalised too, before it is added (Gemma). */
  sandwichNorms?: true;
  /** Embeddings of text are multiplied by the square root of their size. */
  scaledEmbeddings?: true;
  /** The setting that has the activation; left out: `hidden_act`. */
  activationKey?: { key: 'hidden_activation'; otherwise: Activation };
  /** Scores are divided by the square root of `query_pre_attn_scalar`; this where the config gives none. */
  queryScalar?: number;
  /** `final_logit_softcapping` bounds the logits where the config sets it. */
  softcap?: true;
  /** Tokens of one image see each other, whichever comes first. */
  imagesWhole?: true;
  /** Heads, key heads and context, where a config may omit them. */
  sizes?: { heads: number; kvHeads: number; context: number };
  /** Sliding attention with a rotation of its own in all but every so many-th layer, unless `layer_types` says. */
  sliding?: { every: number; size: number; ropeTheta: number };
  /** Every query head comes with a gate of its size, whose sigmoid multiplies what the head gives. */
  outputGate?: true;
  /** How much of a head is rotated where the config gives none; left out: all of it, whatever the config says. */
  partialRotary?: number;
  /** Layers that carry a recurrent state in place of attention; left out: the family has none. */
  linear?: LinearFamily;
  /** Layers whose MLP is a choice of experts; left out: the family has none. */
  experts?: ExpertFamily;
  /** Sliding attention, from the layer on where the config gives none; left out: the family has none. */
  windowsFrom?: number;
  axes: RopeAxes;
  /** Frequencies per axis, where the config gives none. Empty for `text`. */
  sections: readonly number[];
}

/**
 * Gated DeltaNet: a convolution over a few tokens, then one matrix per head that every token decays and corrects
 * (arXiv 2412.06464). Sizes are those that a config may omit.
 */
export interface LinearFamily {
  /** Every so many layers has full attention, where the config lists no `layer_types`. */
  interval: number;
  /** Tokens that the convolution sees. */
  kernel: number;
  keyHeads: number;
  valueHeads: number;
  keyDim: number;
  valueDim: number;
}

/**
 * A router chooses a few experts per token, whose outputs are added by the softmax of their scores. Sizes are those
 * that a config may omit.
 */
export interface ExpertFamily {
  count: number;
  /** Experts per token. */
  chosen: number;
  inner: number;
  /** Inner size of the expert that every token has, whose output a sigmoid gates; left out: there is none. */
  shared?: number;
  /** `mlp_only_layers` and `decoder_sparse_step` say which layers have a dense MLP; left out: none has. */
  someDense?: true;
}

/** What tensors of a vision tower are called. */
export interface TowerNames {
  /** Below the root: the convolution that makes patches, and the numbered blocks. */
  patches: string;
  blocks: string;
  /** Below a block. Queries, keys and values are one matrix, or one each. */
  norm1: string;
  qkv: readonly string[];
  output: string;
  norm2: string;
}

/** What maps a tower's features to the language model. Paths are canonical. */
export type Projector =
  /** Each patch is normalised, neighbours are joined, then linear, GELU, linear (Qwen). */
  | { kind: 'merger'; root: string; norm: string; first: string; second: string }
  /** Neighbours are joined and normalised, then linear, activation, linear (InternVL). */
  | {
      kind: 'joined';
      norm: string;
      first: string;
      second: string;
      /** The setting that says how neighbours are joined, and the only value that is built. */
      version?: { key: 'ps_version'; built: string };
    }
  /** The mean of neighbours, normalised (the norm is stored as the distance from one), times a matrix [in, out] (Gemma 3). */
  | { kind: 'pooled'; norm: string; matrix: string }
  /** Neighbours are joined, then one matrix without a bias (Idefics 3). */
  | { kind: 'linear'; matrix: string };

/** A tower that sees squares of one size: every patch has a learned position (ViT). Names are below the root. */
export interface SquareTower {
  /** Pixels per side, and heads, where the config gives none. */
  imageSize: number;
  heads: number;
  /** The table of positions, by its whole name. */
  positions: string;
  /** A token before the patches. */
  classToken?: string;
  /** Below a block: vectors by which what attention and MLP add is multiplied. */
  scales?: readonly [string, string];
  /** Below a block: norms of queries and keys, and the setting that asks for them. */
  qkNorm?: { key: 'use_qk_norm' | 'qk_normalization'; names: readonly [string, string] };
  /** The setting that asks for biases of queries, keys and values; left out: they have them. */
  biasKey?: { key: 'attention_bias' | 'qkv_bias'; otherwise: boolean };
  /** The norm after the last block. */
  finalNorm?: string;
  /** Transformers finds a patch's position by its fraction of the square's side, in fp32. */
  fractions?: true;
  /** The setting that takes it away. */
  withoutFinalNorm?: 'use_mean_pooling';
}

/** How an image stands in a prompt. */
export interface ImagePrompt {
  /** What a template writes for an image. */
  placeholder: string;
  /** What stands in a message's words for an image, where templates take words alone. */
  words?: string;
  /** Templates take contents that are lists of parts: of words alone they would print nothing. */
  parts?: true;
  /** What the processor makes of it: `image` once, which is then repeated for every visual token. */
  text: string;
  /**
   * The same for an image that is cut into squares: for each of them, with `{row}` and `{column}` from 1 up; at the end of
   * each row; and for the whole image behind them. `image` stands in each once.
   */
  split?: { square: string; rowEnd: string; whole: string };
  /** The token that features replace. */
  image: string;
}

export interface VisionFamily {
  /** Canonical path of the tower. */
  root: string;
  names: TowerNames;
  /** Key of the config that holds the tower's width. */
  widthKey: 'hidden_size' | 'embed_dim';
  norm: 'rms' | 'layer';
  /** Matrices of a block's MLP: gate, up, down, or in, out. */
  mlp: { kind: 'gated'; gate: string; up: string; down: string } | { kind: 'plain'; first: string; second: string };
  /** Where the config gives none. */
  activation: Activation;
  projector: Projector;
  patchSize: number;
  /** Left out: images of any size, whose positions are rotations. */
  square?: SquareTower;
  /** Attention within windows in all blocks but the config's `fullatt_block_indexes`. */
  windows?: { size: number; fullBlocks: readonly number[] };
  /** Coordinates of boxes in answers: pixels of the image as it was resized, or thousandths of its sides. */
  boxes: 'pixels' | 'thousandths';
  /** Of the tower's norms, where the config gives none; transformers fixes it for towers without squares. */
  epsilon: number;
  /** Base of the tower's rotation. A config with another is refused. Left out with squares. */
  ropeTheta?: number;
  /**
   * How images become squares: as the image processor's file says (left out), as the config does, scaled until their
   * squares lie in a grid, as the file says, or each as one square (`whole`).
   */
  squares?: 'config' | 'grid' | 'whole';
  /** Image processors of transformers whose settings are read, without the suffixes of their backends. */
  processors: readonly string[];
  /** A learned table of positions, interpolated to the image's grid. */
  positionTable?: true;
  /** Features of some blocks that are added to the first language layers' outputs. */
  deepstack?: { merger: { norm: string; first: string; second: string }; blocks: readonly number[] };
  /** Left out: the image token alone, repeated. */
  prompt?: ImagePrompt;
  /**
   * Id of the image token where the config gives none; `tokenizer`: the config never does, and the tokenizer knows it
   * by name.
   */
  imageToken?: number | 'tokenizer';
}
