/** JPEG, decoded by libjpeg-turbo (WebAssembly): bit for bit what PIL and torchvision give. */
import createCodec, { type JpegCodec } from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import wasm from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm' with { type: 'bytes' };
import { malformed, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { type ImageHeader, type RgbImage, type Orientation } from './image.js';
import { exifOrientation } from './orientation.js';

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif\0\0"

/**
 * Size and orientation from a JPEG's markers.
 * @throws `malformed`; `unsupported` for CMYK and more than eight bits per sample.
 */
export function jpegHeader(bytes: Uint8Array, file: string): ImageHeader & { progressive: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let orientation: Orientation = 1;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) throw malformed(file, 'is a damaged JPEG: its markers do not follow one another.');
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // fill
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2; // markers without a body
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) break;
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) break;
    if (isFrame(marker) && length >= 8) {
      const [depth, height, width, components] = [
        bytes[at + 4]!,
        view.getUint16(at + 5),
        view.getUint16(at + 7),
        bytes[at + 9]!,
      ];
      if (depth !== 8)
        throw new FrankensteinError(
          'unsupported',
          `${shown(file)} is a JPEG with ${depth} bits per sample; JPEGs with 8 are read: ` +
            'save it again as an ordinary JPEG or a PNG.',
        );
      if (components !== 1 && components !== 3)
        throw new FrankensteinError(
          'unsupported',
          `${shown(file)} is a CMYK JPEG; grey and RGB ones are read: save it again as RGB.`,
        );
      // Start of frame 2 and its kin; in sequential order the coefficients need not be kept.
      return { width, height, orientation, progressive: marker === 0xc2 || marker === 0xc6 || marker === 0xca };
    }
    if (marker === 0xe1 && EXIF.every((byte, index) => bytes[at + 4 + index] === byte)) {
      orientation = exifOrientation(bytes.subarray(at + 4 + EXIF.length, end));
    }
    at = end;
  }
  throw malformed(file, 'is a damaged JPEG: it ends before its image begins.');
}

/** Start-of-frame markers: C0…CF without the three that mean tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

let compiled: Promise<WebAssembly.Module> | undefined;
/**
 * A codec for the next image, since making one takes longer than decoding a small image. Not kept after a large one,
 * since its memory never shrinks, nor after a damaged one, whose traces end with it.
 */
let idle: JpegCodec | undefined;
/** Bytes of a decoded image. */
const KEEP_BELOW = 16 * 1024 * 1024;

/** @throws `malformed` on damage of any kind, a missing end included: half an image is no image. */
export async function decodeJpeg(bytes: Uint8Array, file: string): Promise<RgbImage> {
  const codec = idle ?? (await freshCodec());
  idle = undefined;
  try {
    const decoder = new codec.JPEGDecoder();
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height, componentCount } = decoder.getFrameInfo();
    const samples = decoder.getDecodedBuffer();
    const data = componentCount === 3 ? new Uint8Array(samples) : repeated(samples);
    decoder.delete();
    if (data.length <= KEEP_BELOW) idle = codec;
    return { width, height, data };
  } catch (error) {
    throw new FrankensteinError('malformed', `${shown(file)} is a damaged or truncated JPEG.`, { cause: error });
  }
}

/** Grey samples as RGB. */
function repeated(samples: Uint8ClampedArray): Uint8Array {
  const data = new Uint8Array(samples.length * 3);
  for (let pixel = 0; pixel < samples.length; pixel++) data.fill(samples[pixel]!, pixel * 3, pixel * 3 + 3);
  return data;
}

async function freshCodec(): Promise<JpegCodec> {
  const module = await (compiled ??= WebAssembly.compile(wasm));
  return createCodec({
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
    print: () => undefined,
    printErr: () => undefined,
  });
}
