/** An image in memory, and what a file says about it. */

/** Eight-bit RGB, rows from the top, pixels interleaved: `data[(y · width + x) · 3 + channel]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Upright, in pixels. */
export interface ImageSize {
  width: number;
  height: number;
}

/** What a file says about its image before any of it is decoded. */
export interface ImageHeader {
  /** Pixels, as stored. */
  width: number;
  height: number;
  orientation: Orientation;
}

/** A black image of the same size: what the model answers without seeing. */
export function blackLike({ width, height }: ImageSize): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/** The colours of pixels stored as red, green, blue, alpha; the alpha goes, as with PIL's `convert('RGB')`. */
export function dropAlpha(rgba: Uint8Array, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from]!;
    data[to + 1] = rgba[from + 1]!;
    data[to + 2] = rgba[from + 2]!;
  }
  return { width, height, data };
}

/** 1 is upright; 2…8 as the Exif standard numbers the other ways. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
