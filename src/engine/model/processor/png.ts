/** PNG, decoded by pngjs, which inflates no more than the header promises and checks every chunk's sum. */
import { PNG } from 'pngjs';
import { malformed, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { dropAlpha, type PictureHeader, type RgbImage } from './image.js';
import { exifOrientation, type Orientation } from './orientation.js';

const IHDR = 0x49484452,
  EXIF = 0x65584966,
  END = 0x49454e44;

export interface PngHeader extends PictureHeader {
  /** Bits per sample. */
  depth: number;
}

/** Size, depth and orientation from a PNG's chunks. @throws `malformed` */
export function pngHeader(bytes: Uint8Array, file: string): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(12) !== IHDR)
    throw malformed(file, 'is a damaged PNG: it ends before its picture begins.');
  let orientation: Orientation = 1;
  for (let at = 33; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = view.getUint32(at + 4);
    if (kind === EXIF) orientation = exifOrientation(bytes.subarray(at + 8, Math.min(at + 8 + length, bytes.length)));
    if (kind === EXIF || kind === END) break;
    at += length + 12;
  }
  return { width: view.getUint32(16), height: view.getUint32(20), depth: bytes[24]!, orientation };
}

/** @throws `malformed` on damage of any kind. */
export function decodePng(bytes: Uint8Array, header: PngHeader, file: string): RgbImage {
  const wide = header.depth === 16;
  try {
    // The types say Buffer, but without rescaling sixteen-bit samples come as they are, in a Uint16Array.
    const { width, height, data } = PNG.sync.read(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      wide ? { skipRescale: true } : {},
    );
    return dropAlpha(wide ? highBytes(data as unknown as Uint16Array) : data, width, height);
  } catch (error) {
    throw new FrankensteinError('malformed', `${shown(file)} is a damaged or truncated PNG.`, { cause: error });
  }
}

/** The high byte of every sample: PIL's rule for sixteen-bit colour (its clipping of sixteen-bit grey leaves white). */
function highBytes(samples: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index++) bytes[index] = samples[index]! >> 8;
  return bytes;
}
