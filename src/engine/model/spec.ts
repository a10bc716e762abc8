/** What a model is, read off its tensors and config: every size that building graphs and pages needs. */
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { quoted, shown } from '../checkpoint/failure.js';
import { refuseLeftOut } from '../checkpoint/leftOut.js';
import { FrankensteinError } from '../errors.js';
import { textConfig, tiesHead } from '../topology/model.js';
import { MODEL_FAMILIES, type ModelFamily, type VisionFamily } from './families.js';
import { ACTIVATIONS, type Activation } from './graphs/ops.js';
import type { LayerShape } from './graphs/language.js';
import { ropeAxes, type Rotation, rotationOf } from './rope.js';

type Config = Readonly<Record<string, unknown>>;

export interface LanguageSpec {
  root: string;
  layers: number;
  vocabulary: number;
  layer: LayerShape;
  rotation: Rotation;
  /** Which coordinate (0 time, 1 height, 2 width) turns each pair. */
  axes: Uint8Array;
  /** Canonical name of the head's matrix; the embedding's when it is tied. */
  head: string;
  /** Per layer: how many tokens back it sees; null: all. */
  windows: (number | null)[];
  /** Longest sequence the config allows; undefined when it says nothing. */
  context: number | undefined;
}

export interface VisionSpec {
  root: string;
  family: VisionFamily;
  blocks: number;
  width: number;
  heads: number;
  inner: number;
  activation: Activation;
  /** Pixels of a patch: channels · temporal · side · side. */
  patchValues: number;
  patchSize: number;
  /** Patches per side that the merger joins. */
  merge: number;
  /** Pixels per side of an attention window; null: full attention everywhere. */
  window: number | null;
  fullBlocks: ReadonlySet<number>;
  /** Entries per side of the position table; 0: there is none. */
  tableSide: number;
  /** Block indices whose output feeds the first language layers, in the order of those layers. */
  deepstack: number[];
}

export interface ModelSpec {
  family: ModelFamily;
  language: LanguageSpec;
  vision: VisionSpec | undefined;
  /** Id of the placeholder that a picture's features replace. */
  imageToken: number | undefined;
}

/** Checkpoints are rounded to 16 bits; transformers' RMS norms of vision towers and mergers fix this one. */
export const VISION_EPSILON = 1e-6;

/**
 * Reads a checkpoint's sizes. Reads no weights.
 * @throws `unsupported` for a family, rotation or activation that is not built here; `malformed` when tensors are missing or do not fit the config.
 */
export function readSpec(checkpoint: Checkpoint): ModelSpec {
  const { config } = checkpoint;
  if (config === undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(checkpoint.path)} has no config.json; a model cannot be run without one (it can still be compared).`,
    );
  const family = MODEL_FAMILIES.find(({ modelType }) => modelType === checkpoint.family);
  if (family === undefined) {
    throw new FrankensteinError(
      'unsupported',
      `${shown(checkpoint.path)} is of the family ${quoted(checkpoint.family)}, which cannot be run here yet. These can: ${MODEL_FAMILIES.map(({ name }) => name).join(', ')}. Comparing checkpoints works for every family.`,
    );
  }
  refuseLeftOut(checkpoint, 'be run');
  const text = textConfig(config);
  const language = readLanguage(checkpoint, family, text);
  const visionConfig = objectOf(config['vision_config']);
  const vision =
    family.vision && checkpoint.visionLayers > 0
      ? readVision(checkpoint, family.vision, visionConfig ?? {})
      : undefined;
  const imageToken = numberOf(config['image_token_id']);
  if (vision !== undefined && imageToken === undefined)
    throw malformed(checkpoint, 'has no image_token_id in its config.');
  return { family, language, vision, imageToken };
}

function readLanguage(checkpoint: Checkpoint, family: ModelFamily, config: Config): LanguageSpec {
  const { root } = family.language;
  const find = (name: string) => tensorOf(checkpoint, `${root}.${name}`);
  const has = (name: string) => checkpoint.tensors.has(`${root}.${name}`);
  const [vocabulary, hidden] = matrixShape(checkpoint, find('embed_tokens.weight'));
  const heads = countOf(checkpoint, config, 'num_attention_heads');
  const kvHeads = numberOf(config['num_key_value_heads']) ?? heads;
  const [queryRows] = matrixShape(checkpoint, find('layers.0.self_attn.q_proj.weight'));
  const [keyRows] = matrixShape(checkpoint, find('layers.0.self_attn.k_proj.weight'));
  const [inner] = matrixShape(checkpoint, find('layers.0.mlp.gate_proj.weight'));
  const headDim = queryRows / heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0 || keyRows !== kvHeads * headDim || heads % kvHeads !== 0) {
    throw malformed(
      checkpoint,
      `has ${queryRows} query and ${keyRows} key rows, which its config's ${heads} heads and ${kvHeads} key heads do not divide.`,
    );
  }
  const layer: LayerShape = {
    hidden,
    heads,
    kvHeads,
    headDim,
    inner,
    epsilon: numberOf(config['rms_norm_eps']) ?? 1e-6,
    activation: activationOf(checkpoint, config['hidden_act'], 'silu'),
    qkvBias: has('layers.0.self_attn.q_proj.bias'),
    outputBias: has('layers.0.self_attn.o_proj.bias'),
    mlpBias: has('layers.0.mlp.gate_proj.bias'),
    qkNorm: has('layers.0.self_attn.q_norm.weight'),
  };
  return {
    root,
    layers: checkpoint.layers,
    vocabulary,
    layer,
    rotation: rotationOf(config, headDim, family.language.ropeTheta, shown(checkpoint.path)),
    axes: ropeAxes(family.language, config, headDim / 2, shown(checkpoint.path)),
    head: headOf(checkpoint, root, family.modelType),
    windows: windowsOf(config, checkpoint.layers),
    context: numberOf(config['max_position_embeddings']),
  };
}

/** A stored head counts whatever the config says, as in transformers: finetunes get the flag wrong. */
function headOf(checkpoint: Checkpoint, root: string, modelType: string): string {
  if (checkpoint.tensors.has('lm_head.weight')) return 'lm_head.weight';
  if (tiesHead(checkpoint.config!, modelType) !== true)
    throw malformed(
      checkpoint,
      'has no lm_head.weight, and its config.json does not tie the head to the embedding (tie_word_embeddings): transformers would start the head at random, so no answer would mean anything.',
    );
  return `${root}.embed_tokens.weight`;
}

function windowsOf(config: Config, layers: number): (number | null)[] {
  const window = numberOf(config['sliding_window']);
  const types = Array.isArray(config['layer_types']) ? (config['layer_types'] as unknown[]) : undefined;
  const from = numberOf(config['max_window_layers']) ?? layers;
  const used = config['use_sliding_window'] === true;
  return Array.from({ length: layers }, (_, layer) => {
    if (window === undefined || !used) return null;
    const slides = types === undefined ? layer >= from : types[layer] === 'sliding_attention';
    return slides ? window : null;
  });
}

function readVision(checkpoint: Checkpoint, family: VisionFamily, config: Config): VisionSpec {
  const { root, mlp } = family;
  const patch = tensorOf(checkpoint, `${root}.patch_embed.proj.weight`);
  const width = patch.shape[0]!;
  const block = (name: string) => tensorOf(checkpoint, `${root}.blocks.0.${name}.weight`);
  const [inner] = matrixShape(checkpoint, block(mlp.kind === 'gated' ? mlp.gate : mlp.first));
  const heads = countOf(checkpoint, config, 'num_heads');
  if (width % (2 * heads) !== 0)
    throw malformed(checkpoint, `has a vision tower ${width} wide, which its config's ${heads} heads do not divide.`);
  const table = family.positionTable ? tensorOf(checkpoint, `${root}.pos_embed.weight`).shape[0]! : 0;
  const tableSide = Math.sqrt(table);
  if (!Number.isInteger(tableSide))
    throw malformed(checkpoint, `has ${table} vision positions, which is not a square.`);
  const listed = (key: string) =>
    Array.isArray(config[key]) ? (config[key] as unknown[]).filter((value) => typeof value === 'number') : undefined;
  return {
    root,
    family,
    blocks: checkpoint.visionLayers,
    width,
    heads,
    inner,
    activation: activationOf(checkpoint, config['hidden_act'], family.activation),
    patchValues: patch.size / width,
    patchSize: numberOf(config['patch_size']) ?? family.patchSize,
    merge: numberOf(config['spatial_merge_size']) ?? 2,
    window: family.windows ? (numberOf(config['window_size']) ?? family.windows.size) : null,
    fullBlocks: new Set(family.windows ? (listed('fullatt_block_indexes') ?? family.windows.fullBlocks) : []),
    tableSide,
    deepstack: family.deepstack ? (listed('deepstack_visual_indexes') ?? [...family.deepstack.blocks]) : [],
  };
}

/** The tensor of that canonical name. @throws `malformed` */
export function tensorOf(checkpoint: Checkpoint, name: string): Tensor {
  const tensor = checkpoint.tensors.get(name);
  if (tensor === undefined)
    throw malformed(checkpoint, `has no tensor ${quoted(name)}, without which it cannot be run.`);
  return tensor;
}

function matrixShape(checkpoint: Checkpoint, tensor: Tensor): [number, number] {
  const [rows, columns] = tensor.shape;
  if (rows === undefined || columns === undefined || tensor.shape.length !== 2)
    throw malformed(
      checkpoint,
      `has a tensor ${quoted(tensor.onDisk)} of shape [${tensor.shape.join(', ')}] where a matrix is expected.`,
    );
  return [rows, columns];
}

function activationOf(checkpoint: Checkpoint, named: unknown, otherwise: Activation): Activation {
  if (named === undefined || named === null) return otherwise;
  if (typeof named === 'string' && ACTIVATIONS.includes(named)) return named as Activation;
  throw new FrankensteinError(
    'unsupported',
    `${shown(checkpoint.path)} uses the activation ${quoted(JSON.stringify(named))}, which is not built here; these are: ${ACTIVATIONS.join(', ')}.`,
  );
}

function countOf(checkpoint: Checkpoint, config: Config, key: string): number {
  const value = numberOf(config[key]);
  if (value === undefined || !Number.isInteger(value) || value < 1)
    throw malformed(checkpoint, `has no usable ${key} in its config.`);
  return value;
}

function malformed(checkpoint: Checkpoint, why: string): FrankensteinError {
  return new FrankensteinError('malformed', `${shown(checkpoint.path)} ${why}`);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function objectOf(value: unknown): Config | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : undefined;
}
