/** What a model is, read off its tensors and config: every size that building graphs and pages needs. */
import path from 'node:path';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { quoted, shown } from '../checkpoint/failure.js';
import { refuseLeftOut } from '../checkpoint/leftOut.js';
import { FrankensteinError } from '../errors.js';
import { textConfig, tiesHead } from '../topology/model.js';
import { checked, isRecord, type JsonObject, outOfRange } from './config/check.js';
import { foreign, type KnownKeys, refuseForeign } from './config/keys.js';
import {
  type LanguageSettings,
  languageSchema,
  modelSchema,
  type VisionSettings,
  visionSchema,
} from './config/schema.js';
import { layoutById, MODEL_FAMILIES, modelFamily, type ModelFamily } from '../families/list.js';
import type { Activation, LanguageFamily, VisionFamily } from '../families/family.js';
import { ACTIVATIONS } from './graphs/ops.js';
import type { LayerShape } from './graphs/language.js';
import { type LinearShape, linearSizes } from './graphs/linearShape.js';
import { expertsOf, type Mlp, mlpsOf } from './experts.js';
import { type Mixer, mixersOf } from './mixers.js';
import { readRope, type Rotation } from './rope.js';

export interface LanguageSpec {
  root: string;
  layers: number;
  vocabulary: number;
  layer: LayerShape;
  /** How each layer mixes tokens. */
  mixers: readonly Mixer[];
  /** What each layer has behind it. */
  mlps: readonly Mlp[];
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
  /** Id of the placeholder that an image's features replace. */
  imageToken: number | undefined;
  /** Sentences about settings and weights that have no effect. */
  notices: string[];
}

/**
 * Reads a checkpoint's sizes. Reads no weights.
 * @throws `unsupported` for a family, rotation or activation that is not built here; `malformed` when tensors are
 * missing or do not fit the config.
 */
export function readSpec(checkpoint: Checkpoint): ModelSpec {
  const { config } = checkpoint;
  if (config === undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(checkpoint.path)} has no config.json; a model cannot be run without one (it can still be compared).`,
    );
  const family = modelFamily(checkpoint.family);
  if (family === undefined) {
    throw new FrankensteinError(
      'unsupported',
      `${shown(checkpoint.path)} is of the family ${quoted(checkpoint.family)}, which cannot be run here yet. ` +
        `These can: ${MODEL_FAMILIES.map(({ name }) => name).join(', ')}. ` +
        'Comparing checkpoints works for every family.',
    );
  }
  refuseLeftOut(checkpoint, 'be run');
  const file = path.join(checkpoint.folder, 'config.json');
  const text = textConfig(config);
  if (text === config && family.vision !== undefined && layoutById(checkpoint.layout).flatLanguage !== true)
    throw malformed(
      checkpoint,
      `has a config.json without "text_config": transformers reads the language model of ${family.name} from ` +
        'there, and would take its defaults.',
    );
  const at = text === config ? '' : 'text_config';
  const { image_token_id: imageToken } = checked(modelSchema, config, file);
  const { name, keys } = family;
  refuseForeign(config, { name, keys: keys.language }, file);
  if (text !== config) refuseForeign(text, { name, keys: keys.language }, file, at);
  const notices: string[] = [];
  const language = readLanguage({ checkpoint, file, at, config, text, family: family.language, notices });
  const vision =
    family.vision && checkpoint.visionLayers > 0
      ? readVision(
          { checkpoint, file, family: family.vision, known: { name, keys: keys.vision ?? [] } },
          config['vision_config'] ?? {},
          language,
        )
      : undefined;
  if (vision !== undefined) {
    if (imageToken === undefined) throw malformed(checkpoint, 'has no image_token_id in its config.');
    if (imageToken >= language.vocabulary)
      throw outOfRange(file, 'image_token_id', imageToken, `an id within the vocabulary of ${language.vocabulary}`);
  }
  return { family, language, vision, imageToken, notices };
}

interface LanguageSource {
  checkpoint: Checkpoint;
  /** config.json, for messages. */
  file: string;
  /** Where the language model's part stands in it. */
  at: string;
  config: JsonObject;
  text: JsonObject;
  family: LanguageFamily;
  notices: string[];
}

function readLanguage(source: LanguageSource): LanguageSpec {
  const { checkpoint, file, at, config, text, family } = source;
  const { root } = family;
  const settings = checked(languageSchema(family), text, file, at);
  const find = (name: string) => tensorOf(checkpoint, `${root}.${name}`);
  const [vocabulary, hidden] = matrixShape(checkpoint, find('embed_tokens.weight'));
  if (checkpoint.layers === 0) throw malformed(checkpoint, 'has no language layers that its config.json counts.');
  const mixers = mixersOf(file, at, family, settings, checkpoint.layers);
  const attention = mixers.indexOf('attention');
  const { heads, kvHeads, headDim } = headsOf(source, settings, attention);
  const mlps = mlpsOf(family.experts, settings, checkpoint.layers);
  const dense = mlps.indexOf('dense');
  const inner = dense < 0 ? 0 : matrixShape(checkpoint, find(`layers.${dense}.mlp.gate_proj.weight`))[0];
  for (const [key, stored] of Object.entries({
    vocab_size: vocabulary,
    hidden_size: hidden,
    ...(dense < 0 ? {} : { intermediate_size: inner }),
    head_dim: headDim,
  })) {
    const said = settings[key as 'vocab_size' | 'hidden_size' | 'intermediate_size' | 'head_dim'] ?? stored;
    if (said !== stored) throw outOfRange(file, keyAt(at, key), said, `${stored}, as the stored tensors have it`);
  }
  const { rotation, axes, notices } = readRope(config, text, family, headDim, file);
  source.notices.push(...notices);
  const outputBias = family.biases === 'attention_bias' && settings.attention_bias;
  const stored = (part: string, expected: boolean) => stores(source, attention, part, expected);
  const layer: LayerShape = {
    hidden,
    heads,
    kvHeads,
    headDim,
    inner,
    epsilon: settings.rms_norm_eps,
    activation: activationOf(checkpoint, settings.hidden_act),
    qkvBias: stored('self_attn.q_proj.bias', family.biases === 'qkv' || settings.attention_bias),
    outputBias: stored('self_attn.o_proj.bias', outputBias),
    mlpBias: dense >= 0 && stores(source, dense, 'mlp.gate_proj.bias', family.mlpBias === true && settings.mlp_bias),
    qkNorm: stored('self_attn.q_norm.weight', family.qkNorm === true),
    rotated: 2 * rotation.inverseFrequencies.length,
    outputGate: family.outputGate === true,
    unitNorms: family.unitNorms === true,
    linear: linearOf(source, settings, mixers.indexOf('linear')),
    experts: expertsOf({ checkpoint, file, at, root }, family.experts, settings, mlps, hidden),
  };
  return {
    root,
    layers: checkpoint.layers,
    vocabulary,
    layer,
    mixers,
    mlps,
    rotation,
    axes,
    head: headOf(checkpoint, root),
    windows: windowsOf(source, settings),
    context: settings.max_position_embeddings,
  };
}

/** Heads of the attention layers, from the matrices of layer `at`. @throws `malformed` */
function headsOf(
  { checkpoint, family }: LanguageSource,
  settings: LanguageSettings,
  at: number,
): Pick<LayerShape, 'heads' | 'kvHeads' | 'headDim'> {
  const rows = (name: string) =>
    matrixShape(checkpoint, tensorOf(checkpoint, `${family.root}.layers.${at}.self_attn.${name}.weight`))[0];
  const heads = settings.num_attention_heads;
  const kvHeads = settings.num_key_value_heads ?? heads;
  const [queryRows, keyRows] = [rows('q_proj'), rows('k_proj')];
  const headDim = queryRows / (family.outputGate === true ? 2 * heads : heads);
  if (!Number.isInteger(headDim) || headDim % 2 !== 0 || keyRows !== kvHeads * headDim || heads % kvHeads !== 0) {
    throw malformed(
      checkpoint,
      `has ${queryRows} query and ${keyRows} key rows, which its config's ${heads} heads and ` +
        `${kvHeads} key heads do not divide.`,
    );
  }
  return { heads, kvHeads, headDim };
}

/** Sizes of the layers without attention, held to the matrices of layer `at`. @throws `malformed` */
function linearOf(
  { checkpoint, file, at: where, family }: LanguageSource,
  settings: LanguageSettings,
  at: number,
): LinearShape | null {
  if (at < 0) return null;
  const shape: LinearShape = {
    kernel: settings.linear_conv_kernel_dim,
    keyHeads: settings.linear_num_key_heads,
    keyDim: settings.linear_key_head_dim,
    valueHeads: settings.linear_num_value_heads,
    valueDim: settings.linear_value_head_dim,
  };
  const shapeOf = (name: string) => tensorOf(checkpoint, `${family.root}.layers.${at}.linear_attn.${name}`).shape;
  const no = (key: keyof LanguageSettings, needed: string) =>
    outOfRange(file, keyAt(where, key), settings[key], needed);
  const { values, channels } = linearSizes(shape);
  const [heads, [kernel], [rows], [gates], [norm]] = [
    shapeOf('A_log')[0],
    shapeOf('conv1d.weight').slice(-1),
    shapeOf('in_proj_qkv.weight'),
    shapeOf('in_proj_z.weight'),
    shapeOf('norm.weight'),
  ];
  if (heads !== shape.valueHeads) throw no('linear_num_value_heads', `${heads}, as the stored tensors have it`);
  if (kernel !== shape.kernel || shape.kernel < 2)
    throw no('linear_conv_kernel_dim', `${kernel}, as the stored convolution has it, and at least 2`);
  if (norm !== shape.valueDim || gates !== values)
    throw no('linear_value_head_dim', `${norm}, as the stored tensors have it`);
  if (shape.valueHeads % shape.keyHeads !== 0)
    throw no('linear_num_key_heads', `a divisor of the ${shape.valueHeads} value heads`);
  if (rows !== channels)
    throw no('linear_key_head_dim', `what makes ${rows} rows of queries, keys and values with its key heads`);
  return shape;
}

/** A stored head counts whatever the config says, as in transformers: finetunes get the flag wrong. */
function headOf(checkpoint: Checkpoint, root: string): string {
  const stored = checkpoint.tensors.get('lm_head.weight');
  const embedding = tensorOf(checkpoint, `${root}.embed_tokens.weight`);
  if (stored !== undefined && stored.shape.join() !== embedding.shape.join())
    throw malformed(
      checkpoint,
      `has an lm_head.weight of shape [${stored.shape.join(', ')}], and an embedding of ` +
        `[${embedding.shape.join(', ')}]: transformers does not load it.`,
    );
  if (stored !== undefined) return 'lm_head.weight';
  if (tiesHead(checkpoint.config!, checkpoint.family) !== true)
    throw malformed(
      checkpoint,
      'has no lm_head.weight, and its config.json does not tie the head to the embedding (tie_word_embeddings): ' +
        'transformers would start the head at random, so no answer would mean anything.',
    );
  return `${root}.embed_tokens.weight`;
}

/**
 * Whether layers have this part, by family and config, as transformers decides: what is stored beyond that is not used.
 */
function stores(
  { checkpoint, family: { root }, notices }: LanguageSource,
  layer: number,
  part: string,
  expected: boolean,
): boolean {
  const name = `${root}.layers.${layer}.${part}`;
  const stored = checkpoint.tensors.has(name);
  if (expected && !stored) throw malformed(checkpoint, `has no tensor ${quoted(name)}, which its config asks for.`);
  if (stored && !expected)
    notices.push(
      `${shown(checkpoint.path)} stores ${quoted(part)} in its layers, ` +
        'but neither its family nor its config asks for it: it is not used, as in transformers.',
    );
  return expected;
}

/** Window of the sliding layers where the config gives none. */
const SLIDING_WINDOW = 4096;

function windowsOf({ checkpoint, file, at, family }: LanguageSource, settings: LanguageSettings): (number | null)[] {
  const { layers } = checkpoint;
  const { use_sliding_window: used, max_window_layers: from, layer_types: types } = settings;
  const sliding = types?.some((type) => type !== 'full_attention' && family.linear === undefined) ?? false;
  if (family.windowsFrom === undefined) {
    // Transformers' cache would slide, though the mask does not.
    const { sliding_window: window, max_position_embeddings: context = 0 } = settings;
    if (used === true) throw foreign(file, keyAt(at, 'use_sliding_window'), used);
    if (sliding) throw foreign(file, keyAt(at, 'layer_types'), types);
    if (typeof window === 'number' && window < context) throw foreign(file, keyAt(at, 'sliding_window'), window);
    return new Array<null>(layers).fill(null);
  }
  const strange = types?.find((type) => type !== 'full_attention' && type !== 'sliding_attention');
  if (strange !== undefined) throw foreign(file, keyAt(at, 'layer_types'), strange);
  if (types !== undefined && types !== null && types.length !== layers)
    throw outOfRange(file, keyAt(at, 'layer_types'), types, `a list of ${layers} types, one per layer`);
  // What is null in the config is null in transformers; what is missing has a default.
  const window =
    used === true ? (settings.sliding_window === undefined ? SLIDING_WINDOW : settings.sliding_window) : null;
  if (window === null) {
    if (sliding)
      throw outOfRange(
        file,
        keyAt(at, 'sliding_window'),
        settings.sliding_window,
        'a number of tokens, with "use_sliding_window", since "layer_types" has sliding layers',
      );
    return new Array<null>(layers).fill(null);
  }
  return Array.from({ length: layers }, (_, layer) => {
    const slides = types ? types[layer] === 'sliding_attention' : layer >= (from ?? family.windowsFrom!);
    return slides ? window : null;
  });
}

function keyAt(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`;
}

const AT_VISION = 'vision_config';
const CHANNELS = 3;

interface VisionSource {
  checkpoint: Checkpoint;
  /** config.json, for messages. */
  file: string;
  family: VisionFamily;
  known: KnownKeys;
}

function readVision(
  { checkpoint, file, family, known }: VisionSource,
  config: unknown,
  language: LanguageSpec,
): VisionSpec {
  const { root, mlp, merger } = family;
  if (isRecord(config)) refuseForeign(config, known, file, AT_VISION);
  const settings = checked(visionSchema(family), config, file, AT_VISION);
  refuseOtherRotation(config as JsonObject, family, file);
  const patch = tensorOf(checkpoint, `${root}.patch_embed.proj.weight`);
  const width = patch.shape[0]!;
  const block = (name: string) => tensorOf(checkpoint, `${root}.blocks.0.${name}.weight`);
  const [inner] = matrixShape(checkpoint, block(mlp.kind === 'gated' ? mlp.gate : mlp.first));
  const { num_heads: heads, patch_size: patchSize, spatial_merge_size: merge, temporal_patch_size: frames } = settings;
  const no = (key: string, value: unknown, needed: string) => outOfRange(file, keyAt(AT_VISION, key), value, needed);
  if (settings.in_channels !== CHANNELS) throw no('in_channels', settings.in_channels, `${CHANNELS}: images are RGB`);
  if (width % (4 * heads) !== 0)
    throw malformed(
      checkpoint,
      `has a vision tower ${width} wide, which its config's ${heads} heads do not divide into multiples of 4.`,
    );
  const [, , storedFrames, storedSide] = patch.shape;
  if (patch.size !== width * CHANNELS * frames * patchSize ** 2)
    throw frames === storedFrames
      ? no('patch_size', patchSize, `${storedSide}, as the stored patch embedding has it`)
      : no('temporal_patch_size', frames, `${storedFrames}, as the stored patch embedding has it`);
  const [joined] = matrixShape(checkpoint, tensorOf(checkpoint, `${root}.merger.${merger.first}.weight`));
  if (joined !== width * merge ** 2)
    throw no('spatial_merge_size', merge, `what the merger's matrix of ${joined} rows is made for`);
  const table = family.positionTable ? tensorOf(checkpoint, `${root}.pos_embed.weight`).shape[0]! : 0;
  const tableSide = Math.sqrt(table);
  if (!Number.isInteger(tableSide))
    throw malformed(checkpoint, `has ${table} vision positions, which is not a square.`);
  const out = language.layer.hidden;
  const sizes: Partial<Record<keyof VisionSettings, number>> =
    family.widthKey === 'embed_dim'
      ? { embed_dim: width, hidden_size: out, mlp_ratio: inner / width }
      : { hidden_size: width, intermediate_size: inner, out_hidden_size: out };
  if (family.positionTable) sizes.num_position_embeddings = table;
  for (const [key, stored] of Object.entries(sizes)) {
    const said = settings[key as keyof VisionSettings];
    if (said !== undefined && said !== stored) throw no(key, said, `${stored}, as the stored tensors have it`);
  }
  const { windows } = family;
  if (windows && Math.floor(Math.floor(settings.window_size / merge) / patchSize) < 1)
    throw no('window_size', settings.window_size, `at least ${merge * patchSize} pixels, one merged patch`);
  const deepstack = family.deepstack ? settings.deepstack_visual_indexes : [];
  if (
    deepstack.some((at, location) => at >= checkpoint.visionLayers || (location > 0 && at <= deepstack[location - 1]!))
  )
    throw no('deepstack_visual_indexes', deepstack, `a rising list of blocks below ${checkpoint.visionLayers}`);
  return {
    root,
    family,
    blocks: checkpoint.visionLayers,
    width,
    heads,
    inner,
    activation: activationOf(checkpoint, settings.hidden_act),
    patchValues: patch.size / width,
    patchSize,
    merge,
    window: windows ? settings.window_size : null,
    fullBlocks: new Set(windows ? settings.fullatt_block_indexes : []),
    tableSide,
    deepstack,
  };
}

/** The tower's rotation has one form; transformers lets a config give it another base. @throws `unsupported` */
function refuseOtherRotation(config: JsonObject, { ropeTheta }: VisionFamily, file: string): void {
  const given = isRecord(config['rope_parameters']) ? config['rope_parameters'] : {};
  const theta = given['rope_theta'] ?? config['rope_theta'] ?? ropeTheta;
  if (theta !== ropeTheta) throw foreign(file, keyAt(AT_VISION, 'rope_theta'), theta);
  const kind = given['rope_type'] ?? given['type'] ?? 'default';
  if (kind !== 'default' && kind !== 'axial') throw foreign(file, keyAt(AT_VISION, 'rope_parameters'), kind);
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

function activationOf(checkpoint: Checkpoint, named: string): Activation {
  if (ACTIVATIONS.includes(named)) return named as Activation;
  throw new FrankensteinError(
    'unsupported',
    `${shown(checkpoint.path)} uses the activation ${quoted(named)}, which is not built here; these are: ` +
      `${ACTIVATIONS.join(', ')}.`,
  );
}

function malformed(checkpoint: Checkpoint, why: string): FrankensteinError {
  return new FrankensteinError('malformed', `${shown(checkpoint.path)} ${why}`);
}
