/** The size at which the Qwen vision towers see an image (`smart_resize` of transformers). */
import { FrankensteinError } from '../../errors.js';

/** Above this a side would shrink to nothing. */
const ASPECT_LIMIT = 200;

export interface SizeRule {
  /** Both sides become multiples of it: patch size · merge size, in pixels. */
  factor: number;
  /** Pixels. */
  minPixels: number;
  maxPixels: number;
}

/**
 * Height and width, multiples of the factor, within the bounds on pixels, as near to the old aspect ratio as that
 * allows.
 * @throws `bad-request` for an image more than 200 times as long as it is wide.
 */
export function smartResize(
  height: number,
  width: number,
  { factor, minPixels, maxPixels }: SizeRule,
): { height: number; width: number } {
  if (Math.max(height, width) / Math.min(height, width) > ASPECT_LIMIT) {
    throw new FrankensteinError(
      'bad-request',
      `An image of ${width} × ${height} pixels is too narrow: the model takes aspect ratios up to ${ASPECT_LIMIT}.`,
    );
  }
  const near = { height: roundHalfEven(height / factor) * factor, width: roundHalfEven(width / factor) * factor };
  if (near.height * near.width > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    return {
      height: Math.max(factor, Math.floor(height / shrink / factor) * factor),
      width: Math.max(factor, Math.floor(width / shrink / factor) * factor),
    };
  }
  if (near.height * near.width < minPixels) {
    const grow = Math.sqrt(minPixels / (height * width));
    return { height: Math.ceil((height * grow) / factor) * factor, width: Math.ceil((width * grow) / factor) * factor };
  }
  return near;
}

/** Python's `round`. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
