/** Attention from reasoning tokens to visual tokens: words, schema of the result, tables. */
import * as v from 'valibot';
import { bar, formatCount, formatNumber, table } from '../../../../report/text.js';
import { regionOfLayer } from '../../../../topology/cuts.js';
import { amount, amounts, text, texts } from '../../../declare/shape.js';
import type { AttentionResult } from '../../result.js';
import { withoutAttention } from '../../stateLayers.js';
import { BAR_WIDTH, CHECKPOINT, type KindDeclaration } from '../declaration.js';
import { probed, sample } from '../form.js';

export const attention = {
  kind: 'attention',
  title: 'Attention probe',
  command: {
    description: 'Attention from reasoning tokens to visual tokens per layer, in one checkpoint or two (IN, RL)',
    arguments: [CHECKPOINT, { syntax: '[other]', help: 'the checkpoint to compare it with' }],
  },
  form: v.object({
    ...probed,
    kind: v.literal('attention'),
    samples: v.array(
      v.object({
        ...sample,
        image: text,
        images: v.exactOptional(texts),
        reasoningTokens: amounts,
        visualTokens: amount,
      }),
    ),
    layers: v.array(
      v.object({
        depth: amount,
        mean: amounts,
        mass: amounts,
        low: amounts,
        high: amounts,
        massLow: amounts,
        massHigh: amounts,
        shift: v.nullable(v.object({ difference: amount, low: amount, high: amount })),
      }),
    ),
  }),
  tables: (result) => [attentionTable(result)],
  image({ samples }, id, which, index) {
    const found = which === 'image' ? samples.find((one) => one.id === id) : undefined;
    return found?.images?.[index] ?? (index === 0 ? found?.image : undefined);
  },
} satisfies KindDeclaration<AttentionResult>;

function attentionTable({ checkpoints, layers, samples, cuts, stateLayers }: AttentionResult): string {
  const largest = Math.max(...layers.flatMap(({ mass }) => mass), Number.MIN_VALUE);
  const header = [
    '',
    'region',
    ...checkpoints.flatMap(({ label }) => [`${label} mean`, '95% CI', 'mass', '']),
    ...(checkpoints.length > 1 ? ['shift of the mean', '95% CI'] : []),
  ];
  const rows = layers.map((layer) => [
    `layer ${layer.depth}`,
    regionOfLayer(layer.depth, cuts),
    ...checkpoints.flatMap((_, index) => [
      formatNumber(layer.mean[index]!),
      `${formatNumber(layer.low[index]!)} … ${formatNumber(layer.high[index]!)}`,
      formatNumber(layer.mass[index]!),
      bar(layer.mass[index]! / largest, BAR_WIDTH / 2),
    ]),
    ...(layer.shift
      ? [signedNumber(layer.shift.difference), `${signedNumber(layer.shift.low)} … ${signedNumber(layer.shift.high)}`]
      : []),
  ]);
  const right = [
    false,
    false,
    ...checkpoints.flatMap(() => [true, false, true, false]),
    ...(checkpoints.length > 1 ? [true, false] : []),
  ];
  return (
    'Attention from a reasoning token to a visual token (mean) and to all of them (mass; bars), over ' +
    `${formatCount(samples.length)} samples.\nCIs: bootstrap over ` +
    `samples.${stateLayers ? `\n${withoutAttention(stateLayers)}` : ''}\n\n${table([header, ...rows], right)}`
  );
}

function signedNumber(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${formatNumber(Math.abs(value))}`;
}
