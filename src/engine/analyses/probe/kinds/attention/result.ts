/** The result of an attention probe. */
import { shown, thousands } from '../../../../checkpoint/failure.js';
import type { Question } from '../../../../datasets/question.js';
import { FrankensteinError } from '../../../../errors.js';
import { attentionLayers } from '../../rates.js';
import type { AttentionResult } from '../../result.js';
import type { Outcomes, ResultBase } from '../kind.js';
import type { AttentionOutcome } from './outcome.js';

/** @throws `malformed` where no sample got an answer */
export async function attentionResult(
  { items, of, checkpoints, depths, seed, imageName }: Outcomes<Question, AttentionOutcome>,
  base: ResultBase,
): Promise<AttentionResult> {
  const each = (id: string) => checkpoints.map((_, checkpoint) => of(id, checkpoint));
  const silent = items.filter(({ id }) => each(id).some(({ reasoningTokens }) => reasoningTokens === 0));
  const heard = items.filter((question) => !silent.includes(question));
  if (heard.length === 0)
    throw new FrankensteinError(
      'malformed',
      `No sample of ${shown(base.data)} got an answer to look at: the model ended every one with its first token.`,
    );
  const result: AttentionResult = {
    kind: 'attention',
    ...base,
    samples: items.map((question) => {
      const own = each(question.id);
      return {
        id: question.id,
        prompt: question.prompt,
        image: imageName(question.images[0]),
        ...(question.images.length > 1 ? { images: question.images.map(imageName) } : {}),
        answers: own.map(({ answer }) => answer),
        reasoningTokens: own.map(({ reasoningTokens }) => reasoningTokens),
        visualTokens: own[0]!.visualTokens,
      };
    }),
    layers: await attentionLayers(
      checkpoints.map((_, checkpoint) => heard.map(({ id }) => of(id, checkpoint))),
      depths,
      seed,
    ),
  };
  if (silent.length > 0)
    result.warnings.push(
      `${thousands(silent.length)} ${silent.length === 1 ? 'sample' : 'samples'} got an empty answer and ` +
        `${silent.length === 1 ? 'is' : 'are'} left out of the layer figures.`,
    );
  return result;
}
