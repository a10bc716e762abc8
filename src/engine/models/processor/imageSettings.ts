/** How a checkpoint's image processor treats images, from its own files. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { malformed, quoted, shown, thousands } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { MODEL_FAMILIES, modelFamily } from '../../families/list.js';
import { PIXEL_LIMIT } from './decodeImage.js';
import { isRecord, readJson, type JsonObject } from './files.js';
import { type ImageSettings, optional, readFilter, readNormalisation, whole } from './settings.js';
import { readSquareSettings } from './squareSettings.js';

/** Bounds on an image's pixels once it is scaled, in place of the checkpoint's own. */
export interface PixelBounds {
  minPixels?: number | undefined;
  maxPixels?: number | undefined;
}

/** Those of all families. */
const SUPPORTED = [...new Set(MODEL_FAMILIES.flatMap(({ vision }) => vision?.processors ?? []))];

/** Transformers' defaults for what a file leaves out. */
const DEFAULTS = {
  minPixels: 56 * 56,
  maxPixels: 28 * 28 * 1280,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

/**
 * Reads `preprocessor_config.json`, or the image processor's part of `processor_config.json`, and holds it against the
 * vision tower's own configuration.
 * @param bounds in place of the files' own, as transformers takes `min_pixels` and `max_pixels`.
 * @throws `not-found` when there is neither; `unsupported` for processors other than Qwen's; `malformed`, `mismatch`;
 * `bad-request` for bounds that no image meets.
 */
export async function readImageSettings(
  checkpoint: Checkpoint,
  signal?: AbortSignal,
  bounds: PixelBounds = {},
): Promise<ImageSettings> {
  const family = modelFamily(checkpoint.family)?.vision;
  const { file, stored } = await findSettings(checkpoint, signal, family?.squares === 'config');
  if (family?.squares !== 'config') checkType(stored, file, family?.processors ?? SUPPORTED);
  if (family?.square) {
    if (bounds.minPixels !== undefined || bounds.maxPixels !== undefined)
      throw new FrankensteinError(
        'bad-request',
        `${shown(checkpoint.path)} sees squares of one size, so bounds on an image's pixels cannot hold.`,
      );
    return readSquareSettings(checkpoint, family, file, stored);
  }
  const settings: ImageSettings = {
    patchSize: whole(stored, 'patch_size', 14, file),
    mergeSize: whole(stored, 'merge_size', 2, file),
    temporalPatchSize: whole(stored, 'temporal_patch_size', 2, file),
    resize: bounded(stored['do_resize'] === false ? undefined : resizing(stored, file), bounds, file),
    ...readNormalisation(stored, DEFAULTS, file),
  };
  checkAgainstTower(settings, checkpoint, file);
  return settings;
}

/** @throws `malformed`, `unsupported` */
function checkType(stored: JsonObject, file: string, supported: readonly string[]): void {
  const name = stored['image_processor_type'] ?? stored['feature_extractor_type'];
  const type = typeof name === 'string' ? name.replace(/(Fast|Pil)$/, '') : undefined;
  if (type === undefined) throw malformed(file, 'names no "image_processor_type".');
  if (!supported.includes(type)) {
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} names the image processor ${quoted(type)}, which is not supported; the ` +
        `supported ones are ${supported.join(', ')}.`,
    );
  }
}

async function findSettings(
  checkpoint: Checkpoint,
  signal: AbortSignal | undefined,
  dispensable: boolean,
): Promise<{ file: string; stored: JsonObject }> {
  const own = checkpoint.files.get('preprocessor_config.json');
  const shared = checkpoint.files.get('processor_config.json');
  // Current transformers writes the shared file only, and reads it first.
  if (shared !== undefined) {
    const stored = (await readJson(shared, signal))['image_processor'];
    if (isRecord(stored)) return { file: shared, stored };
  }
  if (own !== undefined) return { file: own, stored: await readJson(own, signal) };
  if (dispensable) return { file: checkpoint.folder, stored: {} };
  throw new FrankensteinError(
    'not-found',
    `${shown(checkpoint.folder)} has no preprocessor_config.json, which says how images are ` +
      'prepared: copy it from the model that this checkpoint was trained from.',
  );
}

/** With the bounds that were asked for. @throws `bad-request`, `unsupported` where sizes stay as they are */
function bounded(
  resize: ImageSettings['resize'],
  { minPixels, maxPixels }: PixelBounds,
  file: string,
): ImageSettings['resize'] {
  if (minPixels === undefined && maxPixels === undefined) return resize;
  if (resize === undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} leaves images at their size ("do_resize" is false), so bounds on pixels cannot hold.`,
    );
  const found = { ...resize, minPixels: minPixels ?? resize.minPixels, maxPixels: maxPixels ?? resize.maxPixels };
  if (found.minPixels > found.maxPixels || found.minPixels > PIXEL_LIMIT)
    throw new FrankensteinError(
      'bad-request',
      `No image has ${thousands(found.minPixels)} to ${thousands(found.maxPixels)} pixels: give bounds of ` +
        'which the first is ' +
        `smaller${minPixels === undefined || maxPixels === undefined ? ` (${shown(file)} says the other)` : ''}.`,
    );
  return found;
}

function resizing(stored: JsonObject, file: string): ImageSettings['resize'] {
  const size = isRecord(stored['size']) ? stored['size'] : {};
  // The old pair wins over the new one, as in transformers.
  const minPixels =
    optional(stored, 'min_pixels', file) ??
    optional(size, 'shortest_edge', file) ??
    optional(size, 'min_pixels', file) ??
    DEFAULTS.minPixels;
  const maxPixels =
    optional(stored, 'max_pixels', file) ??
    optional(size, 'longest_edge', file) ??
    optional(size, 'max_pixels', file) ??
    DEFAULTS.maxPixels;
  if (!(minPixels > 0 && maxPixels >= minPixels))
    throw malformed(file, `bounds images to ${minPixels}…${maxPixels} pixels, which none can meet.`);
  if (minPixels > PIXEL_LIMIT)
    throw malformed(file, `enlarges images to ${thousands(minPixels)} pixels; the limit is ${thousands(PIXEL_LIMIT)}.`);
  return { minPixels, maxPixels, filter: readFilter(stored, 3, file) };
}

/** Patches of the wrong shape would be read as noise. */
function checkAgainstTower(settings: ImageSettings, checkpoint: Checkpoint, file: string): void {
  const vision = checkpoint.config?.['vision_config'];
  if (!isRecord(vision)) return;
  const pairs: [string, number, unknown][] = [
    ['patch_size', settings.patchSize, vision['patch_size']],
    ['merge_size', settings.mergeSize, vision['spatial_merge_size']],
    ['temporal_patch_size', settings.temporalPatchSize, vision['temporal_patch_size']],
  ];
  for (const [key, processor, tower] of pairs) {
    if (typeof tower === 'number' && tower !== processor) {
      throw new FrankensteinError(
        'mismatch',
        `${shown(file)} sets "${key}" to ${processor}, but the vision tower in config.json takes ` +
          `${tower}: the file belongs to another model.`,
      );
    }
  }
}
