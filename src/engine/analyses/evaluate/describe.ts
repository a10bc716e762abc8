/** Pictures in words, by a language model the user has chosen, for sets that come without descriptions. */
import { bytesOfImage, mediaTypeOf } from '../../models/processor/decodeImage.js';
import { FrankensteinError } from '../../errors.js';
import { shown } from '../../checkpoint/failure.js';
import type { LanguageModel } from '../../grading/languageModel.js';
import { ordered } from '../../datasets/ordered.js';

const PROMPT =
  'Describe this picture completely and exactly, so that somebody who cannot see it could answer any question about it: every object with its colour, shape, size, number and place; every text and number as it is written; the values, axes and labels of figures. Do not answer questions, do not guess at what is not visible. Reply with the description alone.';

/** @param pictures files, or names of pictures in Parquet files. */
export async function describeAll(
  model: LanguageModel,
  pictures: readonly string[],
  onDescribed: (picture: string, description: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await ordered(
    pictures,
    model.parallel,
    async (picture, _, stop) => {
      const bytes = await bytesOfImage(picture, stop);
      const type = mediaTypeOf(bytes);
      if (type === undefined)
        throw new FrankensteinError('unsupported', `${shown(picture)} is no PNG, JPEG or WebP picture.`);
      const description = (await model.complete({ text: PROMPT, picture: { type, bytes } }, stop)).trim();
      if (description === '')
        throw new FrankensteinError('unavailable', `${model.name} described ${shown(picture)} with nothing.`);
      await onDescribed(picture, description);
    },
    signal,
  );
}
