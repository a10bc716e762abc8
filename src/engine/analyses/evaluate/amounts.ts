/** How much is asked: samples, the seed of their draw, new tokens. */
import { FrankensteinError } from '../../errors.js';

/** @throws `bad-request` */
export function checkAmounts({
  samples,
  seed,
  maxNewTokens,
}: {
  samples?: number | undefined;
  seed: number;
  maxNewTokens: number;
}): void {
  if (samples !== undefined && !(Number.isInteger(samples) && samples >= 1))
    throw new FrankensteinError(
      'bad-request',
      `The number of samples must be a whole number of at least 1; ${samples} given.`,
    );
  if (!Number.isSafeInteger(seed))
    throw new FrankensteinError('bad-request', `The seed must be a whole number; ${seed} given.`);
  if (!(Number.isInteger(maxNewTokens) && maxNewTokens >= 1))
    throw new FrankensteinError(
      'bad-request',
      `The number of new tokens must be a whole number of at least 1; ${maxNewTokens} given.`,
    );
}
