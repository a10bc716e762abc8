/** What a vision tower is, read off its tensors and config. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { VisionFamily } from '../families/family.js';
import { checked, isRecord, type JsonObject, outOfRange } from './config/check.js';
import { foreign, type KnownKeys, refuseForeign } from './config/keys.js';
import { type VisionSettings, visionSchema } from './config/schema.js';
import { activationOf, keyAt, malformed, matrixShape, tensorOf } from './stored.js';
import type { VisionSpec } from './visionShape.js';

export const AT_VISION = 'vision_config';
export const CHANNELS = 3;

export interface VisionSource {
  checkpoint: Checkpoint;
  /** config.json, for messages. */
  file: string;
  family: VisionFamily;
  known: KnownKeys;
  /** The whole config. */
  config: JsonObject;
  /** Width of the language model. */
  out: number;
}

/**
 * Sizes of a tower that sees images of any size, from its tensors and `vision_config`.
 * @throws `unsupported` for a setting that is not understood, `malformed`
 */
export function readVision(source: VisionSource): VisionSpec {
  const { checkpoint, file, family, known, out } = source;
  const config = source.config[AT_VISION] ?? {};
  const { root, mlp } = family;
  const merger = family.projector;
  if (merger.kind !== 'merger') throw new Error('a tower without squares has a merger');
  if (isRecord(config)) refuseForeign(config, known, file, AT_VISION);
  const settings = checked(visionSchema(family), config, file, AT_VISION);
  refuseOtherRotation(config as JsonObject, family, file);
  const patch = tensorOf(checkpoint, `${root}.${family.names.patches}.weight`);
  const width = patch.shape[0]!;
  const block = (name: string) => tensorOf(checkpoint, `${root}.${family.names.blocks}.0.${name}.weight`);
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
  const [joined] = matrixShape(checkpoint, tensorOf(checkpoint, `${merger.root}.${merger.first}.weight`));
  if (joined !== width * merge ** 2)
    throw no('spatial_merge_size', merge, `what the merger's matrix of ${joined} rows is made for`);
  const table = family.positionTable ? tensorOf(checkpoint, `${root}.pos_embed.weight`).shape[0]! : 0;
  const tableSide = Math.sqrt(table);
  if (!Number.isInteger(tableSide))
    throw malformed(checkpoint, `has ${table} vision positions, which is not a square.`);
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
    norm: family.norm,
    epsilon: family.epsilon,
    qkvBias: true,
    patchValues: patch.size / width,
    patchSize,
    merge,
    window: windows ? settings.window_size : null,
    fullBlocks: new Set(windows ? settings.fullatt_block_indexes : []),
    tableSide,
    deepstack,
    square: null,
    projector: { inner: joined, activation: 'gelu', epsilon: family.epsilon },
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
