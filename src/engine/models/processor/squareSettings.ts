/** How images become squares, from the checkpoint's files. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { malformed, quoted, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import type { VisionFamily } from '../../families/family.js';
import { isRecord, type JsonObject } from './files.js';
import {
  type ImageSettings,
  number,
  optional,
  readFilter,
  readNormalisation,
  type SquareRule,
  whole,
} from './settings.js';

/** Of transformers' processor of InternVL, which reads `min_patches` and `max_patches`, and cuts whatever the file says. */
const TILES = { least: 1, most: 12 };
/** Of the class that the published code of InternVL reads its config with. */
const DYNAMIC = { least: 1, most: 6 };
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const CLIP = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };

/** @param stored of the image processor; empty where there is none. @throws `malformed`, `mismatch`, `unsupported` */
export function readSquareSettings(
  checkpoint: Checkpoint,
  family: VisionFamily,
  file: string,
  stored: JsonObject,
): ImageSettings {
  const config = checkpoint.config ?? {};
  const vision = isRecord(config['vision_config']) ? config['vision_config'] : {};
  const side = first(vision['image_size']) ?? family.square!.imageSize;
  const squares =
    family.squares === 'config'
      ? fromConfig(config, checkpoint, side)
      : { ...fromProcessor(stored, file, side), filter: readFilter(stored, 3, file) };
  const normalisation = readNormalisation(stored, family.squares === 'config' ? IMAGENET : CLIP, file);
  const patchSize = first(vision['patch_size']) ?? family.patchSize;
  return {
    patchSize,
    mergeSize: Math.round(1 / number(config, 'downsample_ratio', 0.5, 'config.json')),
    temporalPatchSize: 1,
    resize: undefined,
    squares,
    ...normalisation,
  };
}

function first(value: unknown): number | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'number' ? one : undefined;
}

function fromProcessor(stored: JsonObject, file: string, side: number): Omit<SquareRule, 'filter'> {
  if (stored['do_resize'] === false)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} leaves images at their size ("do_resize" is false); the tower sees squares of one size.`,
    );
  checkSize(stored, file, side);
  const least = whole(stored, 'min_patches', TILES.least, file);
  const most = whole(stored, 'max_patches', TILES.most, file);
  return { side, tiles: tilesBetween(least, most, true, file) };
}

function fromConfig(config: JsonObject, { folder }: Checkpoint, side: number): SquareRule {
  const file = `${folder}/config.json`;
  const forced = optional(config, 'force_image_size', file) ?? side;
  if (forced !== side)
    throw new FrankensteinError(
      'mismatch',
      `${shown(file)} sets "force_image_size" to ${forced}, but its vision tower sees squares of ${side} pixels.`,
    );
  const least = whole(config, 'min_dynamic_patch', DYNAMIC.least, file);
  const most = whole(config, 'max_dynamic_patch', DYNAMIC.most, file);
  const tiles =
    config['dynamic_image_size'] === true ? tilesBetween(least, most, config['use_thumbnail'] === true, file) : null;
  return { side, filter: 'bicubic', tiles };
}

function tilesBetween(least: number, most: number, thumbnail: boolean, file: string): SquareRule['tiles'] {
  if (least > most) throw malformed(file, `cuts images into ${least} to ${most} squares, which none can meet.`);
  return { least, most, thumbnail };
}

/** @throws `mismatch` for a size that is not the tower's, `malformed` */
function checkSize(stored: JsonObject, file: string, side: number): void {
  const size = stored['size'];
  if (size === undefined) return;
  const sides = isRecord(size) ? [size['height'], size['width']] : [size, size];
  if (sides.every((value) => value === side)) return;
  throw new FrankensteinError(
    'mismatch',
    `${shown(file)} scales images to ${quoted(JSON.stringify(size))}, but the vision tower in config.json sees squares of ` +
      `${side} pixels: the file belongs to another model.`,
  );
}
