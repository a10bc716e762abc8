/** From a unit's files and text to what the model takes. */
import type { ImageSize } from '../../models/processor/image.js';
import type { ImageCache } from '../../models/processor/imageCache.js';
import { type Framing, inputOf } from '../../models/processor/framing.js';
import type { ProcessedPrompt, Processor } from '../../models/processor/processor.js';
import type { ProcessedImage } from '../../models/processor/processedImage.js';
import type { Unit } from './job.js';

export interface PreparedUnit {
  unit: Unit;
  prompt: ProcessedPrompt;
  /** Of a swap: the same words with the other image on the same grid. */
  source: { prompt: ProcessedPrompt; brought: 'same-grid' | 'resized'; size: ImageSize } | undefined;
}

/**
 * @param paired whether the unit is a swap: a target and a source.
 * @throws what reading images and processing prompts throw.
 */
export async function prepare(
  processor: Processor,
  imageCache: ImageCache,
  unit: Unit,
  paired: boolean,
  newTokens: number,
  framing: Framing,
): Promise<PreparedUnit> {
  const images: ProcessedImage[] = [];
  for (const image of unit.images) images.push(await imageCache.own(image));
  const ask = (shown: readonly ProcessedImage[]) =>
    processor.process({ input: inputOf(processor, unit.prompt, shown.length, framing), images: shown, newTokens });
  const prompt = ask(images);
  if (!paired) return { unit, prompt, source: undefined };
  const [target] = unit.images;
  const { image: other, brought } = await imageCache.onto(target!, images[0]!, unit.source);
  return { unit, prompt, source: { prompt: ask([other]), brought, size: imageCache.sizeOf(unit.source ?? target!) } };
}
