/** What a model is, read off its tensors and config: every size that building graphs and pages needs. */
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { quoted, shown } from '../checkpoint/failure.js';
import { refuseLeftOut } from '../checkpoint/leftOut.js';
import { FrankensteinError } from '../errors.js';
import { textConfig, tiesHead } from '../topology/model.js';
import { checked, type JsonObject, outOfRange, valueOf } from './config/check.js';
import { foreign, refuseForeign } from './config/keys.js';
import { type LanguageSettings, languageSchema, modelSchema } from './config/schema.js';
import { layoutById, MODEL_FAMILIES, modelFamily, type ModelFamily } from '../families/list.js';
import type { LanguageFamily } from '../families/family.js';
import type { LayerShape } from './graphs/language.js';
import { type LinearShape, linearSizes } from './graphs/linearShape.js';
import { expertsOf, type Mlp, mlpsOf } from './experts.js';
import { type Mixer, mixersOf } from './mixers.js';
import { readRope, type Rotation } from './rope.js';
import { readSquareVision } from './squareSpec.js';
import { activationOf, keyAt, malformed, matrixShape, tensorOf } from './stored.js';
import type { VisionSpec } from './visionShape.js';
import { readVision } from './visionSpec.js';

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
  /** Tokens of an image have positions by row and column; otherwise they count up as text does. */
  grids: boolean;
  /** Canonical name of the head's matrix; the embedding's when it is tied. */
  head: string;
  /** Per layer: how many tokens back it sees; null: all. */
  windows: (number | null)[];
  /** Longest sequence the config allows; undefined when it says nothing. */
  context: number | undefined;
}

export interface ModelSpec {
  family: ModelFamily;
  language: LanguageSpec;
  vision: VisionSpec | undefined;
  /** Id of the placeholder that an image's features replace; undefined where the tokenizer alone knows it. */
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
  const at =
    text === config ? '' : 'llm_config' in config && text === config['llm_config'] ? 'llm_config' : 'text_config';
  const { name, keys } = family;
  refuseForeign(config, { name, keys: [...keys.language, ...(keys.model ?? [])] }, file);
  if (text !== config) refuseForeign(text, { name, keys: keys.language }, file, at);
  const notices: string[] = [];
  const ofLanguage = languageFamily(family, text, file, at);
  const language = readLanguage({ checkpoint, file, at, config, text, family: ofLanguage, notices });
  const vision =
    family.vision && checkpoint.visionLayers > 0
      ? (family.vision.square ? readSquareVision : readVision)({
          checkpoint,
          file,
          family: family.vision,
          known: { name, keys: keys.vision ?? [] },
          config,
          out: language.layer.hidden,
        })
      : undefined;
  const imageToken = imageTokenOf(checkpoint, file, vision, language.vocabulary);
  return { family, language, vision, imageToken, notices };
}

/** The family of the language model, by its part of the config where several can stand there. @throws `unsupported` */
function languageFamily(
  { language, languages, name }: ModelFamily,
  text: JsonObject,
  file: string,
  at: string,
): LanguageFamily {
  const type = text['model_type'];
  if (languages === undefined || type === undefined) return language;
  const found = typeof type === 'string' && Object.hasOwn(languages, type) ? languages[type] : undefined;
  if (found !== undefined) return found;
  throw new FrankensteinError(
    'unsupported',
    `${shown(file)} sets ${quoted(keyAt(at, 'model_type'))} to ${valueOf(type)}: this language model of ${name} is not ` +
      `built here; ${Object.keys(languages).join(', ')} are.`,
  );
}

/** @throws `malformed` for a model that sees without such a token, or with one beyond its vocabulary */
function imageTokenOf(
  checkpoint: Checkpoint,
  file: string,
  vision: VisionSpec | undefined,
  vocabulary: number,
): number | undefined {
  const settings = checked(modelSchema, checkpoint.config!, file);
  if (vision === undefined) return settings.image_token_id;
  const token = settings.image_token_id ?? vision.family.imageToken;
  if (token === undefined) throw malformed(checkpoint, 'has no image_token_id in its config.');
  if (token === 'tokenizer') return undefined;
  if (token >= vocabulary)
    throw outOfRange(file, 'image_token_id', token, `an id within the vocabulary of ${vocabulary}`);
  return token;
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
    grids: family.axes !== 'text',
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
