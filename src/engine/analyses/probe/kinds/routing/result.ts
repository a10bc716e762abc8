/** The result of a comparison of routes. */
import type { Question } from '../../../../datasets/question.js';
import { routingLayers } from '../../rates.js';
import type { RoutingResult } from '../../result.js';
import type { Outcomes, ResultBase } from '../kind.js';
import type { RoutingOutcome } from './outcome.js';

export async function routingResult(
  { items, of, depths, seed, imageName }: Outcomes<Question, RoutingOutcome>,
  base: ResultBase,
): Promise<RoutingResult> {
  const samples = items.map(({ id, prompt, images }): RoutingResult['samples'][number] => {
    const [one, other] = [of(id, 0), of(id, 1)];
    return {
      id,
      prompt,
      ...(images.length > 0 ? { images: images.map(imageName) } : {}),
      tokens: one.tokens,
      visualTokens: one.visualTokens,
      ...changes(one, other),
    };
  });
  return { kind: 'routing', ...base, samples, layers: await routingLayers(samples, depths, seed) };
}

/** Tokens whose sets differ, per depth. */
function changes(
  { tokens, visualTokens, sets }: RoutingOutcome,
  other: RoutingOutcome,
): Pick<RoutingResult['samples'][number], 'changedText' | 'changedVisual'> {
  const text = tokens - visualTokens;
  const differing = sets.map((own, depth) => {
    const [a, b] = [Buffer.from(own, 'base64'), Buffer.from(other.sets[depth]!, 'base64')];
    const isChanged = (token: number) => a.readUInt32LE(4 * token) !== b.readUInt32LE(4 * token);
    const count = (from: number, end: number) => {
      let changed = 0;
      for (let token = from; token < end; token++) if (isChanged(token)) changed++;
      return changed;
    };
    return { text: count(0, text), visual: count(text, tokens) };
  });
  return { changedText: differing.map((one) => one.text), changedVisual: differing.map((one) => one.visual) };
}
