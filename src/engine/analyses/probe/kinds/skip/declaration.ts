/** Layer skip (layer ablation): words, schema of the result, tables. */
import * as v from 'valibot';
import { bar, formatCount, formatPercent, interval, signed, table } from '../../../../report/text.js';
import { regionOfLayer } from '../../../../topology/cuts.js';
import { amount, amounts, flags, interval as estimate, text } from '../../../declare/shape.js';
import type { SkipResult } from '../../result.js';
import { BAR_WIDTH, CHECKPOINT, type KindDeclaration } from '../declaration.js';
import { probed, sample } from '../form.js';
import { SKIP_PARTS, type SkipPart } from './parts.js';

export const skip = {
  kind: 'skip',
  title: 'Reasoning probe',
  command: {
    description: 'Skip one layer at a time (layer ablation): which layers does reasoning need?',
    arguments: [CHECKPOINT],
  },
  form: v.object({
    ...probed,
    kind: v.literal('skip'),
    part: v.picklist(SKIP_PARTS),
    experts: v.exactOptional(amounts),
    samples: v.array(
      v.object({ ...sample, truth: text, baseline: text, baselineCorrect: v.boolean(), correct: flags }),
    ),
    baseline: v.object({ ...estimate, error: amount }),
    errors: v.array(
      v.object({
        ...estimate,
        depth: amount,
        error: amount,
        increase: amount,
        increaseLow: amount,
        increaseHigh: amount,
      }),
    ),
  }),
  tables: (result) => [skipTable(result)],
} satisfies KindDeclaration<SkipResult>;

const SKIPPED: Readonly<Record<SkipPart, string>> = {
  layer: 'the layer',
  attention: "the layer's attention",
  mlp: "the layer's MLP",
  experts: "the layer's experts",
};

function skipTable({ part, experts, baseline, errors, cuts }: SkipResult): string {
  const what = experts === undefined ? SKIPPED[part] : `the layer's experts ${experts.join(', ')}`;
  const rows = [
    ['', 'region', 'error', '', '95% CI', 'vs. untouched'],
    [
      'untouched',
      '',
      formatPercent(baseline.error),
      bar(baseline.error, BAR_WIDTH),
      interval(baseline.low, baseline.high),
      '',
    ],
    ...errors.map(({ depth, error, low, high, increase, increaseLow, increaseHigh }) => [
      `layer ${depth}`,
      regionOfLayer(depth, cuts),
      formatPercent(error),
      bar(error, BAR_WIDTH),
      interval(low, high),
      `${signed(increase)} (${signed(increaseLow)} … ${signed(increaseHigh)})`,
    ]),
  ];
  return (
    `Error rate without ${what} (n = ${formatCount(baseline.n)}); CIs: Wilson, and Newcombe for the ` +
    `paired difference.\n\n${table(rows, [false, false, true, false, false, false])}`
  );
}
