/** Expert routing: words, schema of the result, table. */
import * as v from 'valibot';
import { bar, formatCount, formatPercent, interval, table } from '../../../../report/text.js';
import { regionOfLayer } from '../../../../topology/cuts.js';
import { amount, amounts, interval as estimate, text, texts } from '../../../declare/shape.js';
import type { RoutingResult } from '../../result.js';
import { BAR_WIDTH, CHECKPOINT, type KindDeclaration } from '../declaration.js';
import { probed } from '../form.js';

const share = v.object({ changed: amount, ...estimate });

export const routing = {
  kind: 'routing',
  title: 'Routing probe',
  command: {
    description: 'Fraction of tokens that go through other experts per layer, between two checkpoints (IN, RL)',
    arguments: [CHECKPOINT, { syntax: '<other>', help: 'the checkpoint to compare it with' }],
  },
  form: v.object({
    ...probed,
    kind: v.literal('routing'),
    samples: v.array(
      v.object({
        id: text,
        prompt: text,
        images: v.exactOptional(texts),
        tokens: amount,
        visualTokens: amount,
        changedText: amounts,
        changedVisual: amounts,
      }),
    ),
    layers: v.array(v.object({ depth: amount, all: share, text: share, visual: v.nullable(share) })),
  }),
  tables: (result) => [routingTable(result)],
  image: ({ samples }, id, which, index) =>
    which === 'image' ? samples.find((one) => one.id === id)?.images?.[index] : undefined,
} satisfies KindDeclaration<RoutingResult>;

function routingTable({ checkpoints, layers, samples, cuts }: RoutingResult): string {
  const sees = layers.some(({ visual }) => visual !== null);
  const rows = [
    ['', 'region', 'changed', '', '95% CI', 'text', ...(sees ? ['visual'] : [])],
    ...layers.map(({ depth, all, text: words, visual }) => [
      `layer ${depth}`,
      regionOfLayer(depth, cuts),
      formatPercent(all.changed),
      bar(all.changed, BAR_WIDTH),
      interval(all.low, all.high),
      formatPercent(words.changed),
      ...(sees ? [visual === null ? '' : formatPercent(visual.changed)] : []),
    ]),
  ];
  return (
    `Tokens of the prompt that go through another set of experts in ${checkpoints[1]!.label} than in ` +
    `${checkpoints[0]!.label}: mean over ${formatCount(samples.length)} samples.\nCIs: bootstrap over samples.\n\n` +
    table(rows, [false, false, true, false, false, true, true])
  );
}
