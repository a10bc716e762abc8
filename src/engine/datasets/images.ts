/** The images of a question: as many as its prompt has places for, and none that goes unread. */
import { shown } from '../checkpoint/failure.js';
import { counted } from '../models/processor/messages.js';
import { LineError } from './lineError.js';

/** How data sets write the place of an image; MMMU numbers them from 1, MathVision without a space. */
const MARKER = /<image(?: ?(\d{1,2}))?>/g;
/** Names of keys and columns that hold images, or say where they are. */
const IMAGE_LIKE = /(?:^|[_\W])(?:images?|imgs?|pictures?|photos?|figures?|videos?|pixel_values)(?:$|[_\W\d])/i;

export function isImageLike(name: string): boolean {
  return IMAGE_LIKE.test(name);
}

/** What is read, and in which order: numbered places say which image is where, and may name one twice. */
export function placed<T>(prompt: string, images: readonly T[], where: string): { prompt: string; images: T[] } {
  const numbers = [...prompt.matchAll(MARKER)].map(([, number]) => (number === undefined ? undefined : Number(number)));
  if (numbers.some((number) => number !== undefined)) {
    const missing = numbers.find((number) => number === undefined || number < 1 || number > images.length);
    if (numbers.includes(undefined) || missing !== undefined)
      throw new LineError(
        `has <image ${missing ?? 1}> in its prompt, and ${counted(images.length, 'image')} in ${where}.`,
      );
    const unread = images.findIndex((_, index) => !numbers.includes(index + 1));
    if (unread !== -1)
      throw new LineError(`has an image in ${where} that its prompt has no place for: image ${unread + 1}.`);
    return { prompt: prompt.replace(MARKER, '<image>'), images: numbers.map((number) => images[number! - 1]!) };
  }
  if (numbers.length > 0 && numbers.length !== images.length)
    throw new LineError(
      `has ${counted(numbers.length, '<image>')} in its prompt, and ` +
        `${images.length === 0 ? 'no image' : `${counted(images.length, 'image')} in ${where}`}.`,
    );
  return { prompt, images: [...images] };
}

/**
 * Refuses what names images and is not read: a question about an image must not pass for text.
 * @param read the keys that are read.
 * @throws LineError
 */
export function checkAllRead(
  object: Readonly<Record<string, unknown>>,
  read: ReadonlySet<string>,
  images: number,
): void {
  for (const [key, value] of Object.entries(object)) {
    if (read.has(key) || isEmpty(value) || !isImageLike(key)) continue;
    // Beside images that are read, others are files of their own, or only facts about them.
    if (images > 0 && !/(?:images?|imgs?|pictures?)_?\d+$/i.test(key) && !/video/i.test(key)) continue;
    throw new LineError(`has a "${shown(key.slice(0, 60))}", which is not read: name images in "image" or "images".`);
  }
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    value === false ||
    value === 0 ||
    value === 0n ||
    (Array.isArray(value) && value.every(isEmpty))
  );
}
