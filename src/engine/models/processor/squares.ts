/** Images for towers that see squares of one size: an image is one square, or is cut into several and a small whole. */
import type { ImageSize, RgbImage } from './image.js';
import { patchify } from './patches.js';
import type { ImageShape, ProcessedImage } from './processedImage.js';
import { resize } from './resample.js';
import type { ImageSettings, SquareRule } from './settings.js';

/** Columns and rows of squares. */
export type Tiles = NonNullable<ImageShape['tiles']>;

/**
 * The squares that an image is cut into: of all allowed numbers, those whose shape is nearest to the image's. Of equally
 * near ones the later, larger, while the image has more than half of its pixels. Source: `get_optimal_tiled_canvas` of
 * transformers, and the `dynamic_preprocess` that is published with InternVL.
 */
export function tilesOf({ width, height }: ImageSize, { side, tiles }: SquareRule): Tiles {
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
export function squareCount([columns, rows]: Tiles, { tiles }: SquareRule): number {
  const count = columns * rows;
  return count > 1 && tiles?.thumbnail === true ? count + 1 : count;
}

/** The image stretched over its squares, each cut into patches; row by row, the whole at last. */
export function cutSquares(image: RgbImage, tiles: Tiles, settings: ImageSettings, rule: SquareRule): ProcessedImage {
  const { side, filter } = rule;
  const [columns, rows] = tiles;
  const whole = resize(image, columns * side, rows * side, filter);
  const count = squareCount(tiles, rule);
  const parts = Array.from({ length: count }, (_, index) => {
    const square =
      index < columns * rows
        ? crop(whole, (index % columns) * side, Math.floor(index / columns) * side, side)
        : resize(image, side, side, filter);
    return patchify(square, settings);
  });
  const [{ pixelValues, grid }] = parts as [ProcessedImage, ...ProcessedImage[]];
  const values = new Float32Array(count * pixelValues.length);
  parts.forEach((part, index) => values.set(part.pixelValues, index * pixelValues.length));
  return { pixelValues: values, grid: [count, grid[1], grid[2]], tiles };
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
