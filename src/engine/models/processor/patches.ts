/** From pixels to the rows that a vision tower's patch embedding takes. */
import type { RgbImage } from './image.js';

import type { ProcessedImage } from './processedImage.js';
import type { ImageSettings } from './settings.js';

/**
 * Cuts an image into patches and normalises it. Rows follow the merger: the merge × merge patches that become one token
 * are neighbours. Within a row: channel, frame, y, x; a still image fills every frame of the temporal patch.
 * @param image both sides multiples of patch size · merge size.
 */
export function patchify(image: RgbImage, settings: ImageSettings): ProcessedImage {
  const { patchSize: patch, mergeSize: merge, temporalPatchSize: frames } = settings;
  const rows = image.height / patch;
  const columns = image.width / patch;
  const tables = [0, 1, 2].map((channel) => normalisation(settings, channel));
  const pixelValues = new Float32Array(rows * columns * 3 * frames * patch * patch);
  const area = patch * patch;
  let to = 0;
  for (let blockY = 0; blockY < rows; blockY += merge) {
    for (let blockX = 0; blockX < columns; blockX += merge) {
      for (let inner = 0; inner < merge * merge; inner++) {
        const top = (blockY + Math.floor(inner / merge)) * patch;
        const left = (blockX + (inner % merge)) * patch;
        for (let channel = 0; channel < 3; channel++) {
          const table = tables[channel]!;
          const begin = to;
          for (let y = 0; y < patch; y++) {
            let from = ((top + y) * image.width + left) * 3 + channel;
            for (let x = 0; x < patch; x++, from += 3) pixelValues[to++] = table[image.data[from]!]!;
          }
          for (let frame = 1; frame < frames; frame++, to += area) pixelValues.copyWithin(to, begin, begin + area);
        }
      }
    }
  }
  return { pixelValues, grid: [1, rows, columns] };
}

/** What each of the 256 values of a channel becomes, rounded to fp32 where transformers' torchvision backend rounds. */
function normalisation({ rescaleFactor, mean, std }: ImageSettings, channel: number): Float32Array {
  const table = new Float32Array(256);
  const divisor = rescaleFactor === undefined ? 1 : 1 / rescaleFactor;
  for (let value = 0; value < 256; value++) {
    if (mean !== undefined && std !== undefined) {
      // Rescaling is folded into mean and deviation.
      const centre = Math.fround(Math.fround(mean[channel]!) * Math.fround(divisor));
      const spread = Math.fround(Math.fround(std[channel]!) * Math.fround(divisor));
      table[value] = Math.fround(value - centre) / spread;
    } else {
      table[value] = rescaleFactor === undefined ? value : value * Math.fround(rescaleFactor);
    }
  }
  return table;
}
