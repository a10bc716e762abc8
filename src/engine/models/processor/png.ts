/**
 * PNG, row by row: no more is held than the image and two rows, and no more is inflated than the header promises.
 * Pixels are those of PIL's `convert('RGB')`: transparency goes, sixteen-bit colour keeps its high bytes, sixteen-bit
 * grey is cut off at 255.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflate } from 'node:zlib';
import { malformed, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { type ImageHeader, type RgbImage, type Orientation } from './image.js';
import { exifOrientation } from './orientation.js';

const IHDR = 0x49484452,
  PLTE = 0x504c5445,
  IDAT = 0x49444154,
  EXIF = 0x65584966,
  END = 0x49454e44;

/** Samples per pixel by colour type: grey, RGB, palette, grey with alpha, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** Bits per sample that each may have. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const GREY = 0,
  PALETTE = 3;

/** First pixel and distance of each of Adam7's passes: x, y, dx, dy. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export interface PngHeader extends ImageHeader {
  /** Bits per sample. */
  depth: number;
  colour: number;
  interlaced: boolean;
}

/** Size, kind and orientation from a PNG's chunks. @throws `malformed` */
export function pngHeader(bytes: Uint8Array, file: string): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(12) !== IHDR)
    throw malformed(file, 'is a damaged PNG: it ends before its image begins.');
  let orientation: Orientation = 1;
  for (let at = 33; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = view.getUint32(at + 4);
    if (kind === EXIF) orientation = exifOrientation(bytes.subarray(at + 8, Math.min(at + 8 + length, bytes.length)));
    if (kind === EXIF || kind === END) break;
    at += length + 12;
  }
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: bytes[24]!,
    colour: bytes[25]!,
    interlaced: bytes[28] === 1,
    orientation,
  };
}

/** @throws `malformed` on damage of any kind. */
export async function decodePng(bytes: Uint8Array, header: PngHeader, file: string): Promise<RgbImage> {
  try {
    const { data, palette } = partsOf(bytes);
    const rows = new Rows(header, palette);
    await pipeline(Readable.from(data), createInflate(), async (inflated: AsyncIterable<Uint8Array>) => {
      for await (const part of inflated) rows.take(part);
    });
    return rows.finish();
  } catch (error) {
    throw new FrankensteinError('malformed', `${shown(file)} is a damaged or truncated PNG.`, { cause: error });
  }
}

/** Compressed pixels and palette of a file whose every chunk is whole. */
function partsOf(bytes: Uint8Array): { data: Uint8Array[]; palette: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let palette = new Uint8Array(0);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = view.getUint32(at + 4);
    const end = at + 8 + length;
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end))
      throw new Error('a chunk is cut off or its sum is wrong');
    if (kind === END) return { data, palette };
    if (kind === IDAT) data.push(bytes.subarray(at + 8, end));
    if (kind === PLTE) palette = bytes.slice(at + 8, end);
    at = end + 4;
  }
  throw new Error('the file has no end');
}

/** Takes inflated bytes in any pieces and writes pixels row by row. */
class Rows {
  private readonly data: Uint8Array;
  private readonly channels: number;
  /** Distance in bytes to the sample on the left, at least 1. */
  private readonly step: number;
  private readonly passes: readonly (readonly [number, number, number, number])[];
  private pass = -1;
  private y = 0;
  /** The current row without its filter byte, and the row above it. */
  private row = new Uint8Array(0);
  private above = new Uint8Array(0);
  private filled = 0;
  private done = false;

  constructor(
    private readonly header: PngHeader,
    private readonly palette: Uint8Array,
  ) {
    const { width, height, depth, colour, interlaced } = header;
    if (DEPTHS[colour]?.includes(depth) !== true) throw new Error('no such colour type and depth');
    this.channels = CHANNELS[colour]!;
    this.step = Math.max(1, (this.channels * depth) >> 3);
    this.passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
    this.data = new Uint8Array(width * height * 3);
    this.nextPass();
  }

  take(part: Uint8Array): void {
    for (let from = 0; from < part.length;) {
      if (this.done) throw new Error('more data than the header promises');
      const count = Math.min(this.row.length - this.filled, part.length - from);
      this.row.set(part.subarray(from, from + count), this.filled);
      this.filled += count;
      from += count;
      if (this.filled === this.row.length) this.finishRow();
    }
  }

  finish(): RgbImage {
    if (!this.done) throw new Error('less data than the header promises');
    return { width: this.header.width, height: this.header.height, data: this.data };
  }

  /** The next pass with any pixels. */
  private nextPass(): void {
    const { width, height, depth } = this.header;
    while (++this.pass < this.passes.length) {
      const [x, y, dx] = this.passes[this.pass]!;
      if (x >= width || y >= height) continue;
      const bytes = 1 + Math.ceil((Math.ceil((width - x) / dx) * this.channels * depth) / 8);
      [this.row, this.above, this.y, this.filled] = [new Uint8Array(bytes), new Uint8Array(bytes), y, 0];
      return;
    }
    this.done = true;
  }

  private finishRow(): void {
    unfilter(this.row, this.above, this.step);
    this.write();
    [this.row, this.above, this.filled] = [this.above, this.row, 0];
    this.y += this.passes[this.pass]![3];
    if (this.y >= this.header.height) this.nextPass();
  }

  private write(): void {
    const { width, depth, colour } = this.header;
    const { row, data, channels } = this;
    const [first, , dx] = this.passes[this.pass]!;
    const grey = channels <= 2;
    const bytes = depth >> 3;
    const scale = depth < 8 && colour === GREY ? 255 / (2 ** depth - 1) : 1;
    for (let x = first, pixel = 0; x < width; x += dx, pixel++) {
      const to = (this.y * width + x) * 3;
      if (colour === PALETTE) {
        const entry = 3 * this.sample(pixel);
        for (let channel = 0; channel < 3; channel++) data[to + channel] = this.palette[entry + channel] ?? 0;
      } else if (grey) {
        data[to] =
          data[to + 1] =
          data[to + 2] =
            depth < 8 ? this.sample(pixel) * scale : this.grey(1 + pixel * this.step);
      } else {
        const from = 1 + pixel * this.step;
        data[to] = row[from]!;
        data[to + 1] = row[from + bytes]!;
        data[to + 2] = row[from + 2 * bytes]!;
      }
    }
  }

  /** Of grey with or without alpha, of a byte or two. */
  private grey(from: number): number {
    const { depth, colour } = this.header;
    if (depth === 16 && colour === GREY) return this.row[from]! > 0 ? 255 : this.row[from + 1]!;
    return this.row[from]!;
  }

  /** The nth sample of a row of up to eight bits each. */
  private sample(nth: number): number {
    const { depth } = this.header;
    const bit = nth * depth;
    return (this.row[1 + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  }
}

/** Undoes a row's filter in place; its first byte says which. */
function unfilter(row: Uint8Array, above: Uint8Array, step: number): void {
  const kind = row[0]!;
  if (kind > 4) throw new Error('no such filter');
  if (kind === 0) return;
  for (let at = 1; at < row.length; at++) {
    const left = at > step ? row[at - step]! : 0;
    const up = above[at]!;
    if (kind === 1) row[at]! += left;
    else if (kind === 2) row[at]! += up;
    else if (kind === 3) row[at]! += (left + up) >> 1;
    else row[at]! += paeth(left, up, at > step ? above[at - step]! : 0);
  }
}

/** Whichever of the three is nearest to left + up − corner. */
function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
