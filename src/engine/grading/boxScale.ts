/**
 * Boxes of the data are in pixels of the image's file. A model writes boxes as its family was trained to: in pixels of
 * the image as it was resized (Qwen2.5-VL), or in thousandths of its sides (Qwen2-VL, Qwen3-VL).
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { readImageSize } from '../models/processor/decodeImage.js';
import type { ImageSize } from '../models/processor/image.js';
import { type PixelBounds, readImageSettings } from '../models/processor/imageSettings.js';
import { resizedSize } from '../models/processor/processor.js';
import { readSpec } from '../models/spec.js';
import type { VisionSpec } from '../models/visionShape.js';
import type { Box } from '../datasets/box.js';
import type { Question } from '../datasets/question.js';

/** What a pixel of the file is in the coordinates of an answer's boxes, by column and row. */
export type BoxScale = readonly [number, number];

/** @param resized what the vision tower sees. */
export function boxScaleOf(
  { family }: Pick<VisionSpec, 'family'>,
  resized: ImageSize,
  file: ImageSize,
): [number, number] {
  const { width, height } = family.boxes === 'thousandths' ? { width: 1000, height: 1000 } : resized;
  return [width / file.width, height / file.height];
}

export function scaled([left, top, right, bottom]: Box, [x, y]: BoxScale): Box {
  return [left * x, top * y, right * x, bottom * y];
}

/**
 * The scales of all images that questions for a box are about, per checkpoint and image; none for what is no
 * checkpoint.
 * @param bounds in which images were scaled, where they are not the checkpoint's own.
 * @throws what reading images and image processor files throw; `cancelled`
 */
export async function boxScales(
  checkpoints: readonly (Checkpoint | undefined)[],
  questions: Iterable<Pick<Question, 'answerType' | 'images'>>,
  signal: AbortSignal | undefined,
  bounds: PixelBounds = {},
): Promise<ReadonlyMap<string, BoxScale>[]> {
  const sizes = new Map<string, ImageSize>();
  for (const {
    answerType,
    images: [image],
  } of questions) {
    if (answerType !== 'box' || image === undefined || sizes.has(image)) continue;
    sizes.set(image, await readImageSize(image, signal));
  }
  const found: Map<string, BoxScale>[] = [];
  for (const checkpoint of checkpoints) {
    const scales = new Map<string, BoxScale>();
    const vision = checkpoint && readSpec(checkpoint).vision;
    if (checkpoint !== undefined && vision !== undefined && sizes.size > 0) {
      const settings = await readImageSettings(checkpoint, signal, bounds);
      for (const [image, size] of sizes) scales.set(image, boxScaleOf(vision, resizedSize(size, settings), size));
    }
    found.push(scales);
  }
  return found;
}
