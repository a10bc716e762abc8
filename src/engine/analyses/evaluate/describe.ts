/** Images in words, by a language model the user has chosen, for sets that come without descriptions. */
import { encodedImage } from '../../models/processor/decodeImage.js';
import { FrankensteinError } from '../../errors.js';
import { shown } from '../../checkpoint/failure.js';
import type { LanguageModel } from '../../grading/languageModel.js';
import { ordered } from '../../datasets/ordered.js';

const PROMPT =
  'Describe this picture completely and exactly, so that somebody who cannot see it could answer any question ' +
  'about it: every object with its colour, shape, size, number and place; ' +
  'every text and number as it is written; the values, axes and labels of figures. Do not answer questions, ' +
  'do not guess at what is not visible. Reply with the description alone.';

/** @param images files, or names of images in Parquet files. */
export async function describeAll(
  model: LanguageModel,
  images: readonly string[],
  onDescribed: (image: string, description: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await ordered(
    images,
    model.parallel,
    async (image, _, stop) => {
      const encoded = await encodedImage(image, stop);
      const description = (await model.complete({ text: PROMPT, image: encoded }, stop)).trim();
      if (description === '')
        throw new FrankensteinError('unavailable', `${model.name} described ${shown(image)} with nothing.`);
      await onDescribed(image, description);
    },
    signal,
  );
}
