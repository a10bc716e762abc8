/** How a camera was held: the Exif orientation, applied as PIL's `ImageOps.exif_transpose` does. */
import type { Orientation, ImageHeader, ImageSize, RgbImage } from './image.js';

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * The orientation that an Exif block (a TIFF header and its first directory) gives. Whatever is wrong with the block,
 * the image is as good as without it: 1.
 */
export function exifOrientation(block: Uint8Array): Orientation {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < 8) return 1;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (entry + 12 > block.length) return 1;
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(entry + 2, little) === SHORT ? view.getUint16(entry + 8, little) : 1;
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** Width and height of an image once it is upright. */
export function uprightSize({ width, height, orientation }: ImageHeader): ImageSize {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** The image as it is meant to be seen. */
export function upright(image: RgbImage, orientation: Orientation): RgbImage {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  const turned = orientation >= 5;
  // Where the new image's first pixel lies in the old one, and how far apart its neighbours are there.
  const fromRight = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const fromBottom = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const alongX = fromRight ? -1 : 1;
  const alongY = fromBottom ? -width : width;
  const start = (fromRight ? width - 1 : 0) + (fromBottom ? (height - 1) * width : 0);
  const [stepX, stepY] = turned ? [alongY, alongX] : [alongX, alongY];
  const [newWidth, newHeight] = turned ? [height, width] : [width, height];
  const result = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++, to += 3) {
      const from = (start + x * stepX + y * stepY) * 3;
      result[to] = data[from]!;
      result[to + 1] = data[from + 1]!;
      result[to + 2] = data[from + 2]!;
    }
  }
  return { width: newWidth, height: newHeight, data: result };
}
