/** Images for towers that see squares of one size: an image is one square, or is cut into several and a small whole. */
import type { ImageSize, RgbImage } from './image.js';
import { patchify } from './patches.js';
import type { ImageShape, ProcessedImage } from './processedImage.js';
import { type Filter, resize } from './resample.js';
import type { GridRule, ImageSettings, SquareRule } from './settings.js';

/** Columns and rows of squares. */
export type Tiles = NonNullable<ImageShape['tiles']>;

/**
 * The squares that an image is cut into: of all allowed numbers, those whose shape is nearest to the image's. Of equally
 * near ones the later, larger, while the image has more than half of its pixels. Source: `get_optimal_tiled_canvas` of
 * transformers, and the `dynamic_preprocess` that is published with InternVL.
 */
export function tilesOf({ width, height }: ImageSize, { side, tiles, grid }: SquareRule): Tiles {
  if (grid !== undefined) return gridTiles({ width, height }, grid, side);
  if (tiles === null) return [1, 1];
  const allowed: Tiles[] = [];
  for (let columns = 1; columns <= tiles.most; columns++)
    for (let rows = 1; rows <= tiles.most; rows++)
      if (columns * rows >= tiles.least && columns * rows <= tiles.most) allowed.push([columns, rows]);
  allowed.sort((a, b) => a[0] * a[1] - b[0] * b[1]);
  let best: Tiles = [1, 1];
  let nearest = Infinity;
  for (const [columns, rows] of allowed) {
    const far = Math.abs(width / height - columns / rows);
    if (far < nearest || (far === nearest && width * height > 0.5 * side * side * columns * rows)) {
      best = [columns, rows];
      nearest = far;
    }
  }
  return best;
}

/** Squares that the tower sees of an image cut so. */
export function squareCount([columns, rows]: Tiles, { tiles, grid }: SquareRule): number {
  const count = columns * rows;
  return count > 1 && (grid !== undefined || tiles?.thumbnail === true) ? count + 1 : count;
}

/**
 * How many squares lie side by side once an image is scaled to the longest side, and up to whole squares. Source:
 * `resize_for_vision_encoder` of transformers, whose sizes are cut to whole pixels on the way.
 */
function gridTiles(image: ImageSize, { longest, cuts }: GridRule, side: number): Tiles {
  if (!cuts) return [1, 1];
  const { width, height } = longest === undefined ? image : scaledTo(image, longest);
  const ratio = width / height;
  if (width >= height) {
    const columns = Math.ceil(width / side);
    return [columns, Math.ceil(Math.trunc((columns * side) / ratio) / side)];
  }
  const rows = Math.ceil(height / side);
  return [Math.ceil(Math.trunc(rows * side * ratio) / side), rows];
}

/** The longer side at that many pixels, the other even. Source: `_resize_output_size_rescale_to_max_len`. */
function scaledTo({ width, height }: ImageSize, longest: number): ImageSize {
  const ratio = width / height;
  const even = (value: number) => Math.max(1, value % 2 === 0 ? value : value + 1);
  return width >= height
    ? { width: longest, height: even(Math.trunc(longest / ratio)) }
    : { width: even(Math.trunc(longest * ratio)), height: longest };
}

/** The image stretched over its squares, each cut into patches; row by row, the whole at last. */
export function cutSquares(image: RgbImage, tiles: Tiles, settings: ImageSettings, rule: SquareRule): ProcessedImage {
  const { side, filter, grid: lying } = rule;
  const [columns, rows] = tiles;
  const scaled = lying?.longest === undefined ? image : scaledImage(image, lying.longest, filter);
  const whole = resize(scaled, columns * side, rows * side, filter);
  const count = squareCount(tiles, rule);
  // Pixels beyond the last whole patch are not seen.
  const seen = Math.floor(side / settings.patchSize) * settings.patchSize;
  const parts = Array.from({ length: count }, (_, index) => {
    const square =
      index < columns * rows
        ? crop(whole, (index % columns) * side, Math.floor(index / columns) * side, side)
        : resize(lying === undefined ? image : whole, side, side, filter);
    return patchify(crop(square, 0, 0, seen), settings);
  });
  const [{ pixelValues, grid }] = parts as [ProcessedImage, ...ProcessedImage[]];
  const values = new Float32Array(count * pixelValues.length);
  parts.forEach((part, index) => values.set(part.pixelValues, index * pixelValues.length));
  return { pixelValues: values, grid: [count, grid[1], grid[2]], tiles };
}

function scaledImage(image: RgbImage, longest: number, filter: Filter): RgbImage {
  const { width, height } = scaledTo(image, longest);
  return resize(image, width, height, filter);
}

function crop(image: RgbImage, left: number, top: number, side: number): RgbImage {
  if (image.width === side && image.height === side) return image;
  const data = new Uint8Array(3 * side * side);
  for (let row = 0; row < side; row++) {
    const from = 3 * ((top + row) * image.width + left);
    data.set(image.data.subarray(from, from + 3 * side), 3 * row * side);
  }
  return { width: side, height: side, data };
}
