/** A tower that sees squares of one size (ViT), read off its tensors and config. */
import type { SquareTower } from '../families/family.js';
import { checked, isRecord, type JsonObject, outOfRange } from './config/check.js';
import { foreign, refuseForeign } from './config/keys.js';
import { projectorSchema, type SquareSettings, squareSchema } from './config/schema.js';
import { activationOf, keyAt, malformed, matrixShape, tensorOf } from './stored.js';
import type { SquareSpec, VisionSpec } from './visionShape.js';
import { AT_VISION, CHANNELS, type VisionSource } from './visionSpec.js';

/** What transformers gives a layer norm where its module says nothing. */
const LAYER_NORM_EPSILON = 1e-5;

/**
 * Sizes of the tower and of what maps its features to the language model.
 * @throws `unsupported` for a setting that is not understood, `malformed` for sizes that the stored tensors do not have
 */
export function readSquareVision(source: VisionSource): VisionSpec {
  const { checkpoint, file, family, known } = source;
  const config = source.config[AT_VISION] ?? {};
  const { root, names, mlp } = family;
  const tower = family.square!;
  if (mlp.kind !== 'plain') throw new Error('a tower of squares has a plain MLP');
  if (isRecord(config)) refuseForeign(config, known, file, AT_VISION);
  const settings = checked(squareSchema(family), config, file, AT_VISION);
  refuseVariants(settings, config as JsonObject, tower, file);
  const no = (key: keyof SquareSettings, needed: string) =>
    outOfRange(file, keyAt(AT_VISION, key), settings[key], needed);
  const block = (name: string) => `${root}.${names.blocks}.0.${name}`;
  const patch = tensorOf(checkpoint, `${root}.${names.patches}.weight`);
  const width = patch.shape[0]!;
  const [inner] = matrixShape(checkpoint, tensorOf(checkpoint, `${block(mlp.first)}.weight`));
  const { num_attention_heads: heads } = settings;
  if (settings.num_channels !== CHANNELS) throw no('num_channels', `${CHANNELS}: images are RGB`);
  if (settings.hidden_size !== undefined && settings.hidden_size !== width)
    throw no('hidden_size', `${width}, as the stored tensors have it`);
  if (settings.intermediate_size !== undefined && settings.intermediate_size !== inner)
    throw no('intermediate_size', `${inner}, as the stored tensors have it`);
  if (width % heads !== 0) throw no('num_attention_heads', `a divisor of the tower's width of ${width}`);
  const patchSize = sideOf(settings.patch_size, 'patch_size', file);
  const imageSize = sideOf(settings.image_size, 'image_size', file);
  if (patch.size !== width * CHANNELS * patchSize ** 2)
    throw no('patch_size', `${patch.shape.at(-1)}, as the stored patch embedding has it`);
  const side = Math.floor(imageSize / patchSize);
  const positions = tensorOf(checkpoint, `${root}.${tower.positions}`);
  const entries = side ** 2 + (tower.classToken === undefined ? 0 : 1);
  if (positions.size !== entries * width)
    throw no('image_size', `what the ${positions.size / width} stored positions are made for`);
  const square: SquareSpec = {
    side,
    classToken: tower.classToken !== undefined,
    scales: tower.scales !== undefined,
    qkNorm: tower.qkNorm !== undefined && settings[tower.qkNorm.key],
    finalNorm:
      tower.finalNorm !== undefined && !(tower.withoutFinalNorm !== undefined && settings[tower.withoutFinalNorm]),
  };
  const projected = readProjector(source, width, side);
  return {
    root,
    family,
    blocks: checkpoint.visionLayers,
    width,
    heads,
    inner,
    activation: activationOf(checkpoint, settings.hidden_act),
    norm: settings.norm_type === 'rms_norm' ? 'rms' : 'layer',
    epsilon: settings.layer_norm_eps,
    qkvBias: tower.biasKey === undefined || (settings[tower.biasKey.key] ?? tower.biasKey.otherwise),
    patchValues: CHANNELS * patchSize ** 2,
    patchSize,
    window: null,
    fullBlocks: new Set(),
    tableSide: 0,
    deepstack: [],
    square,
    ...projected,
  };
}

/** What one class of transformers has in several forms, of which one is built. @throws `unsupported`, `malformed` */
function refuseVariants(settings: SquareSettings, config: JsonObject, tower: SquareTower, file: string): void {
  if (config['use_moe'] === true) throw foreign(file, keyAt(AT_VISION, 'use_moe'), true);
  if (settings.use_absolute_position_embeddings === false)
    throw foreign(file, keyAt(AT_VISION, 'use_absolute_position_embeddings'), false);
  if (!['layer_norm', 'rms_norm'].includes(settings.norm_type))
    throw outOfRange(file, keyAt(AT_VISION, 'norm_type'), settings.norm_type, 'layer_norm or rms_norm');
  const other = tower.qkNorm?.key === 'use_qk_norm' ? 'qk_normalization' : 'use_qk_norm';
  if (config[other] === true) throw foreign(file, keyAt(AT_VISION, other), true);
}

/** One side of what a config writes as a number, or as two that are the same. @throws `malformed`, `unsupported` */
function sideOf(value: number | number[], key: string, file: string): number {
  const [rows, columns = rows] = [value].flat();
  if (rows === undefined) throw outOfRange(file, keyAt(AT_VISION, key), value, 'a whole number, or two');
  if (rows !== columns) throw foreign(file, keyAt(AT_VISION, key), value);
  return rows;
}

/** Sizes of the projector. @param side patches per side of a square. */
function readProjector(
  { checkpoint, file, family: { projector }, config, out }: VisionSource,
  width: number,
  side: number,
): Pick<VisionSpec, 'merge' | 'projector'> {
  const settings = checked(projectorSchema, config, file);
  if (projector.kind !== 'joined') throw new Error('the projector of a tower of squares joins patches');
  for (const [key, wanted] of [
    ['vision_feature_layer', -1],
    ['select_layer', -1],
    ['vision_feature_select_strategy', 'default'],
  ] as const)
    if (settings[key] !== wanted) throw foreign(file, key, settings[key]);
  const { version } = projector;
  if (version !== undefined && config[version.key] !== version.built)
    throw foreign(file, version.key, config[version.key] ?? 'nothing');
  const merge = 1 / settings.downsample_ratio;
  const [inner, joined] = matrixShape(checkpoint, tensorOf(checkpoint, `${projector.first}.weight`));
  const [rows] = matrixShape(checkpoint, tensorOf(checkpoint, `${projector.second}.weight`));
  if (!Number.isInteger(merge) || side % merge !== 0 || joined !== width * merge ** 2)
    throw outOfRange(
      file,
      'downsample_ratio',
      settings.downsample_ratio,
      `what the projector's matrix of ${joined} columns is made for, and a divisor of ${side} patches`,
    );
  if (rows !== out)
    throw malformed(checkpoint, `has a projector to ${rows} dimensions; the language model has ${out}.`);
  return {
    merge,
    projector: {
      inner,
      activation: activationOf(checkpoint, settings.projector_hidden_act),
      epsilon: LAYER_NORM_EPSILON,
    },
  };
}
