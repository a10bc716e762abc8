/** Values of an image processor's file. */
import { malformed, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import type { JsonObject } from './files.js';
import type { Filter } from './resample.js';

/** How pixels become numbers. */
export interface Normalisation {
  /** Undefined when pixels keep their 0…255. */
  rescaleFactor: number | undefined;
  /** Per channel; both or neither. */
  mean: readonly number[] | undefined;
  std: readonly number[] | undefined;
}

/** Settings of an image processor. */
export interface ImageSettings extends Normalisation {
  patchSize: number; // pixels
  mergeSize: number; // patches per side that become one token
  temporalPatchSize: number; // frames
  /** Bounds on the resized image's pixels; undefined leaves images as they are. */
  resize: { minPixels: number; maxPixels: number; filter: Filter } | undefined;
  /** For towers that see squares of one size. */
  squares?: SquareRule;
}

/** How images become squares of one size. */
export interface SquareRule {
  /** Pixels per side. */
  side: number;
  filter: Filter;
  /** How many squares an image may be cut into; null: it is never cut. */
  tiles: { least: number; most: number; thumbnail: boolean } | null;
}

/** By PIL's number. */
const FILTERS: Record<number, Filter> = { 2: 'bilinear', 3: 'bicubic' };

/** @param otherwise mean and deviation of the processor's class. @throws `malformed`, `unsupported` */
export function readNormalisation(
  stored: JsonObject,
  otherwise: { mean: readonly number[]; std: readonly number[] },
  file: string,
): Normalisation {
  if (stored['do_convert_rgb'] === false)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} turns "do_convert_rgb" off; images are always read as RGB here.`,
    );
  const normalises = stored['do_normalize'] !== false;
  const found: Normalisation = {
    rescaleFactor: stored['do_rescale'] !== false ? number(stored, 'rescale_factor', 1 / 255, file) : undefined,
    mean: normalises ? channels(stored, 'image_mean', otherwise.mean, file) : undefined,
    std: normalises ? channels(stored, 'image_std', otherwise.std, file) : undefined,
  };
  if (found.rescaleFactor !== undefined && found.rescaleFactor <= 0)
    throw malformed(file, `sets "rescale_factor" to ${found.rescaleFactor}; it must be a number above 0.`);
  if (found.std?.some((value) => value === 0)) throw malformed(file, 'has a zero in "image_std".');
  return found;
}

/** @param otherwise PIL's number of the filter where the file names none. @throws `unsupported`, `malformed` */
export function readFilter(stored: JsonObject, otherwise: number, file: string): Filter {
  const resample = optional(stored, 'resample', file) ?? otherwise;
  const filter = FILTERS[resample];
  if (filter === undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} asks for resampling method ${resample}; 2 (bilinear) and 3 (bicubic) are supported.`,
    );
  return filter;
}

/** A number, or undefined where there is none. @throws `malformed` */
export function optional(object: JsonObject, key: string, file: string): number | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(file, `has a "${key}" that is no number.`);
  return value;
}

/** @throws `malformed` */
export function number(object: JsonObject, key: string, otherwise: number, file: string): number {
  return optional(object, key, file) ?? otherwise;
}

/** A whole number from 1 to 1024. @throws `malformed` */
export function whole(object: JsonObject, key: string, otherwise: number, file: string): number {
  const value = number(object, key, otherwise, file);
  if (!Number.isInteger(value) || value < 1 || value > 1024)
    throw malformed(file, `has a "${key}" of ${value}; a small whole number is needed.`);
  return value;
}

function channels(object: JsonObject, key: string, otherwise: readonly number[], file: string): readonly number[] {
  const value = object[key];
  if (value === undefined || value === null) return otherwise;
  if (!Array.isArray(value) || value.length !== 3 || !value.every((entry) => typeof entry === 'number'))
    throw malformed(file, `has a "${key}" that is not three numbers.`);
  return value;
}
