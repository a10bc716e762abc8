/** Which experts each token of a prompt goes through, layer by layer. */
import type { Model } from '../../../../models/model.js';
import { checkLogits } from '../../answers.js';
import type { PreparedUnit } from '../../prompts.js';
import type { RoutingOutcome } from './outcome.js';

/** One pass over the prompts; nothing is generated. */
export async function routeUnits(
  model: Model,
  units: readonly PreparedUnit[],
  depths: readonly number[],
  { onDepths, signal }: { onDepths: (count: number) => void; signal?: AbortSignal | undefined },
): Promise<RoutingOutcome[]> {
  const each = model.spec.language.layer.experts!.chosen;
  const { state, prompts, slots, logits, experts } = await model.prefill(
    units.map(({ prompt }) => prompt),
    { capture: { experts: depths }, signal },
  );
  checkLogits(logits);
  return units.map((_, row): RoutingOutcome => {
    const { length, visual } = prompts[row]!;
    const isVisual = new Set(visual);
    const text = Array.from({ length }, (_, token) => token).filter((token) => !isVisual.has(token));
    const order = [...text, ...visual];
    onDepths(depths.length);
    return {
      kind: 'routing',
      tokens: length,
      visualTokens: visual.length,
      sets: depths.map((depth) => {
        const chosen = experts.get(depth)!;
        const first = row * slots + state.starts[row]!;
        const numbers = Buffer.alloc(4 * length);
        order.forEach((token, index) => {
          const from = (first + token) * each;
          numbers.writeUInt32LE(numberOf(chosen.slice(from, from + each)), 4 * index);
        });
        return numbers.toString('base64');
      }),
    };
  });
}

/** A number for a set: FNV-1a over its members in order, and a last mixing so that close sets are far apart. */
function numberOf(experts: Int32Array): number {
  let hash = 0x811c9dc5;
  for (const expert of experts.sort()) {
    hash = Math.imul(hash ^ (expert & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (expert >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
