/** WebP, decoded by libwebp (WebAssembly): bit for bit what PIL gives. */
import wasm from '@cwasm/webp/webp.wasm' with { type: 'bytes' };
import { malformed, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { dropAlpha, type ImageHeader, type RgbImage, type Orientation } from './image.js';
import { exifOrientation } from './orientation.js';

const HAS_ANIMATION = 0x02;

/** Size and orientation from a WebP's chunks. @throws `malformed`; `unsupported` for animations. */
export function webpHeader(bytes: Uint8Array, file: string): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | undefined;
  let orientation: Orientation = 1;
  for (let at = 12; at + 8 <= bytes.length;) {
    const kind = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (kind === 'VP8X' && body + 10 <= bytes.length) {
      if ((bytes[body]! & HAS_ANIMATION) !== 0)
        throw new FrankensteinError(
          'unsupported',
          `${shown(file)} is an animated WebP; only still images are read: save the frame you mean as one.`,
        );
      size = { width: 1 + (view.getUint32(body + 3, true) >>> 8), height: 1 + (view.getUint32(body + 6, true) >>> 8) };
    } else if (kind === 'VP8 ' && body + 10 <= bytes.length) {
      size ??= { width: view.getUint16(body + 6, true) & 0x3fff, height: view.getUint16(body + 8, true) & 0x3fff };
    } else if (kind === 'VP8L' && body + 5 <= bytes.length) {
      const bits = view.getUint32(body + 1, true);
      size ??= { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    } else if (kind === 'EXIF') {
      const block = bytes.subarray(body, Math.min(body + length, bytes.length));
      // Some writers keep JPEG's "Exif\0\0" in front.
      orientation = exifOrientation(block[0] === 0x45 ? block.subarray(6) : block);
    }
    at = body + length + (length & 1);
  }
  if (size === undefined) throw malformed(file, 'is a damaged WebP: it ends before its image begins.');
  return { ...size, orientation };
}

interface WebpCodec {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  /** Address of width · height · 4 bytes, or 0. */
  WebPDecodeRGBA(data: number, bytes: number, width: number, height: number): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** @throws `malformed` on damage of any kind. */
export async function decodeWebp(bytes: Uint8Array, file: string): Promise<RgbImage> {
  const module = await (compiled ??= WebAssembly.compile(wasm));
  try {
    // One instance per image. It can call nothing but these three, so that a file which breaks the decoder (this build
    // predates libwebp's fixes of 2023) gets no further than a memory that is thrown away.
    const instance = new WebAssembly.Instance(module, {
      wasi_snapshot_preview1: { fd_close: refuse, fd_seek: refuse, fd_write: refuse },
    });
    const codec = instance.exports as unknown as WebpCodec;
    const input = codec.malloc(bytes.length);
    const sizes = codec.malloc(8);
    if (input === 0 || sizes === 0) throw new Error('out of memory');
    new Uint8Array(codec.memory.buffer, input, bytes.length).set(bytes);
    const output = codec.WebPDecodeRGBA(input, bytes.length, sizes, sizes + 4);
    if (output === 0) throw new Error('libwebp refused it');
    const [width = 0, height = 0] = new Uint32Array(codec.memory.buffer, sizes, 2);
    return dropAlpha(new Uint8Array(codec.memory.buffer, output, width * height * 4), width, height);
  } catch (error) {
    throw new FrankensteinError('malformed', `${shown(file)} is a damaged or truncated WebP.`, { cause: error });
  }
}

function refuse(): never {
  throw new Error('The WebP decoder has no files.');
}
