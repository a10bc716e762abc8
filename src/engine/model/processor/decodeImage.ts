/**
 * Picture files, read as transformers reads a file it is given (`load_image`): upright by the Exif orientation, then
 * RGB as PIL's `convert('RGB')` makes it, which drops alpha.
 */
import { fileError, malformed, shown, thousands } from '../../checkpoint/failure.js';
import { readFully } from '../../checkpoint/read.js';
import { openRegular } from '../../checkpoint/regular.js';
import { FrankensteinError } from '../../errors.js';
import { isInParquet, readParquetPicture } from '../../parquet/picture.js';
import type { PictureHeader, RgbImage } from './image.js';
import { decodeJpeg, jpegHeader } from './jpeg.js';
import { upright } from './orientation.js';
import { decodePng, pngHeader } from './png.js';
import { decodeWebp, webpHeader } from './webp.js';

/** Bytes. */
const FILE_LIMIT = 256 * 1024 * 1024;
/** Above this PIL warns of a decompression bomb; three bytes each once decoded. */
export const PIXEL_LIMIT = 89_478_485;

/**
 * Reads and decodes a PNG, JPEG or WebP file, or such a picture inside a Parquet file.
 * @throws `not-found`, `permission`, `malformed`, `unsupported`, `cancelled`
 */
export async function readImage(file: string, signal?: AbortSignal): Promise<RgbImage> {
  if (isInParquet(file)) return decodeImage(await readParquetPicture(file, signal), file);
  let bytes: Uint8Array;
  try {
    const handle = await openRegular(file);
    try {
      const { size } = await handle.stat();
      if (size > FILE_LIMIT)
        throw malformed(file, `has ${thousands(size)} bytes; the limit for a picture is ${thousands(FILE_LIMIT)}.`);
      bytes = await readFully(handle, file, 0, size, signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file);
  }
  return decodeImage(bytes, file);
}

/**
 * Decodes the bytes of a PNG, JPEG or WebP file.
 * @param file names it in messages.
 * @throws `malformed` when it is damaged, truncated, too large or no picture; `unsupported` for other formats.
 */
export async function decodeImage(bytes: Uint8Array, file: string): Promise<RgbImage> {
  switch (format(bytes)) {
    case 'PNG': {
      const header = pngHeader(bytes, file);
      checkSize(header, file);
      return upright(await decodePng(bytes, header, file), header.orientation);
    }
    case 'JPEG': {
      const header = jpegHeader(bytes, file);
      checkSize(header, file);
      return upright(await decodeJpeg(bytes, file), header.orientation);
    }
    case 'WebP': {
      const header = webpHeader(bytes, file);
      checkSize(header, file);
      return upright(await decodeWebp(bytes, file), header.orientation);
    }
    case undefined:
      if (bytes.length === 0) throw malformed(file, 'is empty.');
      throw malformed(file, 'is no PNG, JPEG or WebP picture.');
    case 'video':
      throw new FrankensteinError(
        'unsupported',
        `${shown(file)} is a video; models are given pictures here, not videos: save the frames that matter as PNG, JPEG or WebP.`,
      );
    case 'GIF':
    case 'BMP':
    case 'TIFF':
    case 'AVIF or HEIC':
      throw new FrankensteinError(
        'unsupported',
        `${shown(file)} is a ${format(bytes)} file; PNG, JPEG and WebP pictures are read: convert it to one of them.`,
      );
  }
}

type Format = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF' | 'AVIF or HEIC' | 'video';

/** By the first bytes: names of files lie. */
function format(bytes: Uint8Array): Format | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16));
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (head.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'WebP';
  if (head.startsWith('GIF8')) return 'GIF';
  if (head.startsWith('BM')) return 'BMP';
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'TIFF';
  // One container for pictures and films; what is in it stands next.
  if (head.startsWith('ftyp', 4))
    return /^(?:avi[fs]|hei[cfmsx]|hev[cmsx]|mif1|msf1)/.test(head.slice(8)) ? 'AVIF or HEIC' : 'video';
  if (head.startsWith('\x1aE\xdf\xa3') || (head.startsWith('RIFF') && head.startsWith('AVI ', 8))) return 'video';
  return undefined;
}

/** `image/png` and the like; undefined for what is not read here. */
export function mediaTypeOf(bytes: Uint8Array): string | undefined {
  const known = format(bytes);
  return known === 'PNG' || known === 'JPEG' || known === 'WebP' ? `image/${known.toLowerCase()}` : undefined;
}

function checkSize({ width, height }: PictureHeader, file: string): void {
  if (width === 0 || height === 0) throw malformed(file, `says that its picture is ${width} × ${height} pixels.`);
  if (width * height > PIXEL_LIMIT)
    throw malformed(
      file,
      `holds a picture of ${thousands(width)} × ${thousands(height)} pixels; the limit is ${thousands(PIXEL_LIMIT)} pixels.`,
    );
}
