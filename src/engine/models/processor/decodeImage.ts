/**
 * Image files, read as transformers reads a file it is given (`load_image`): upright by the Exif orientation, then
 * RGB as PIL's `convert('RGB')` makes it, which drops alpha.
 */
import { fileError, malformed, shown, thousands } from '../../checkpoint/failure.js';
import { readFully } from '../../checkpoint/read.js';
import { openRegular } from '../../checkpoint/regular.js';
import { FrankensteinError } from '../../errors.js';
import { isInParquet, readParquetImage } from '../../parquet/image.js';
import type { ImageHeader, ImageSize, RgbImage } from './image.js';
import { decodeJpeg, jpegHeader } from './jpeg.js';
import { upright, uprightSize } from './orientation.js';
import { decodePng, pngHeader } from './png.js';
import { decodeWebp, webpHeader } from './webp.js';

/** Bytes. */
const FILE_LIMIT = 256 * 1024 * 1024;
/** Above this PIL warns of a decompression bomb; three bytes each once decoded. */
export const PIXEL_LIMIT = 89_478_485;

/** What decoding an image takes. */
export interface ImageNeeds extends ImageSize {
  /** Bytes at the peak: the file, the decoder's own memory, and the pixels. */
  bytes: number;
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Asked before any pixel is decoded; throws where there is no room. */
  room?: ((needs: ImageNeeds) => void | Promise<void>) | undefined;
}

/**
 * Reads and decodes a PNG, JPEG or WebP file, or such an image inside a Parquet file.
 * @throws `not-found`, `permission`, `malformed`, `unsupported`, `cancelled`, and what `room` throws.
 */
export async function readImage(file: string, options: ReadOptions = {}): Promise<RgbImage> {
  return decodeImage(await bytesOfImage(file, options.signal), file, options.room);
}

/** Width and height of an image file, upright, without decoding it. @throws as `readImage` */
export async function readImageSize(file: string, signal?: AbortSignal): Promise<ImageSize> {
  return uprightSize(codecOf(await bytesOfImage(file, signal), file).header);
}

/** The bytes of an image file, or of an image inside a Parquet file. @throws as `readImage` */
export async function bytesOfImage(file: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (isInParquet(file)) return readParquetImage(file, signal);
  try {
    const handle = await openRegular(file);
    try {
      const { size } = await handle.stat();
      if (size > FILE_LIMIT)
        throw malformed(file, `has ${thousands(size)} bytes; the limit for an image is ${thousands(FILE_LIMIT)}.`);
      return await readFully(handle, file, 0, size, signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file);
  }
}

/**
 * Decodes the bytes of a PNG, JPEG or WebP file.
 * @param file names it in messages.
 * @throws `malformed` when it is damaged, truncated, too large or no image; `unsupported` for other formats; what
 * `room` throws.
 */
export async function decodeImage(bytes: Uint8Array, file: string, room?: ReadOptions['room']): Promise<RgbImage> {
  const { header, perPixel, decode } = codecOf(bytes, file);
  const turned = header.orientation === 1 ? 0 : RGB;
  // A decoder in WebAssembly has a copy of the file.
  await room?.({
    ...uprightSize(header),
    bytes: 2 * bytes.length + header.width * header.height * (perPixel + turned),
  });
  return upright(await decode(), header.orientation);
}

/** Bytes of a pixel once decoded. */
const RGB = 3;

interface Codec {
  header: ImageHeader;
  /** Bytes that decoding holds per pixel, the result included. */
  perPixel: number;
  decode: () => Promise<RgbImage>;
}

function codecOf(bytes: Uint8Array, file: string): Codec {
  const codec = codecByFormat(bytes, file);
  checkSize(codec.header, file);
  return codec;
}

function codecByFormat(bytes: Uint8Array, file: string): Codec {
  const kind = format(bytes);
  switch (kind) {
    case 'PNG': {
      const header = pngHeader(bytes, file);
      return { header, perPixel: RGB, decode: () => decodePng(bytes, header, file) };
    }
    case 'JPEG': {
      const header = jpegHeader(bytes, file);
      // Measured: pixels in the decoder, as much again while it grows; coefficients of a progressive file, two bytes
      // each.
      return { header, perPixel: 3 * RGB + (header.progressive ? 6 : 0), decode: () => decodeJpeg(bytes, file) };
    }
    case 'WebP':
      // The decoder's RGBA, as much again inside a lossless one.
      return { header: webpHeader(bytes, file), perPixel: 8 + RGB, decode: () => decodeWebp(bytes, file) };
    case undefined:
      if (bytes.length === 0) throw malformed(file, 'is empty.');
      throw malformed(file, 'is no PNG, JPEG or WebP image.');
    case 'video':
      throw new FrankensteinError(
        'unsupported',
        `${shown(file)} is a video; models are given images here, not videos: ` +
          'save the frames that matter as PNG, JPEG or WebP.',
      );
    default:
      throw new FrankensteinError(
        'unsupported',
        `${shown(file)} is ${withArticle(kind)} file; PNG, JPEG and WebP images are read: convert it to one of them.`,
      );
  }
}

type Format = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF' | 'AVIF or HEIC' | 'SVG' | 'video';

/** By the first bytes: names of files lie. */
function format(bytes: Uint8Array): Format | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16));
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (head.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'WebP';
  if (head.startsWith('GIF8')) return 'GIF';
  if (/^(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml)/.test(head)) return 'SVG';
  if (head.startsWith('BM')) return 'BMP';
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'TIFF';
  // One container for images and films; what is in it stands next.
  if (head.startsWith('ftyp', 4))
    return /^(?:avi[fs]|hei[cfmsx]|hev[cmsx]|mif1|msf1)/.test(head.slice(8)) ? 'AVIF or HEIC' : 'video';
  if (head.startsWith('\x1aE\xdf\xa3') || (head.startsWith('RIFF') && head.startsWith('AVI ', 8))) return 'video';
  return undefined;
}

function withArticle(kind: Format): string {
  return `${/^(?:AVIF|SVG)/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** "an SVG file" and the like, of a format that is known and not read; undefined for bytes of none. */
export function otherFormatOf(bytes: Uint8Array): string | undefined {
  const known = format(bytes);
  return known === undefined || mediaTypeOf(bytes) !== undefined ? undefined : `${withArticle(known)} file`;
}

/** `image/png` and the like; undefined for what is not read here. */
export function mediaTypeOf(bytes: Uint8Array): string | undefined {
  const known = format(bytes);
  return known === 'PNG' || known === 'JPEG' || known === 'WebP' ? `image/${known.toLowerCase()}` : undefined;
}

/**
 * The bytes of an image as they are stored, for whoever decodes them elsewhere.
 * @throws `unsupported` for what is no PNG, JPEG or WebP, and as `readImage`
 */
export async function encodedImage(
  file: string,
  signal: AbortSignal | undefined,
): Promise<{ type: string; bytes: Uint8Array }> {
  const bytes = await bytesOfImage(file, signal);
  const type = mediaTypeOf(bytes);
  if (type === undefined) throw new FrankensteinError('unsupported', `${shown(file)} is no PNG, JPEG or WebP image.`);
  return { type, bytes };
}

function checkSize({ width, height }: ImageHeader, file: string): void {
  if (width === 0 || height === 0) throw malformed(file, `says that its image is ${width} × ${height} pixels.`);
  if (width * height > PIXEL_LIMIT)
    throw malformed(
      file,
      `holds an image of ${thousands(width)} × ${thousands(height)} pixels; ` +
        `the limit is ${thousands(PIXEL_LIMIT)} pixels.`,
    );
}
