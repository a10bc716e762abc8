/** Visual-token swap: words, schema of the result, tables. */
import * as v from 'valibot';
import { bar, formatCount, formatPercent, interval, table } from '../../../../report/text.js';
import { regionOfLayer } from '../../../../topology/cuts.js';
import { amount, flags, interval as estimate, text, word } from '../../../declare/shape.js';
import type { SwapResult, ProbeTask, SwapSample } from '../../result.js';
import { BAR_WIDTH, CHECKPOINT, type KindDeclaration } from '../declaration.js';
import { probed, sample } from '../form.js';

export const swap = {
  kind: 'swap',
  title: 'Vision probe',
  command: {
    description:
      'Swap the visual tokens of a target image for those of a source, layer by layer (activation patching): ' +
      'which layers does an ability need the image in?',
    arguments: [CHECKPOINT],
  },
  form: v.object({
    ...probed,
    kind: v.literal('swap'),
    mode: v.picklist(['from', 'only']),
    change: v.exactOptional(v.picklist(['task', 'text'])),
    samples: v.array(
      v.object({
        ...sample,
        task: word<ProbeTask>(),
        targetImage: text,
        sourceImage: text,
        source: word<SwapSample['source']>(),
        baseline: text,
        sourceAnswer: text,
        changed: flags,
      }),
    ),
    rates: v.array(v.object({ ...estimate, task: word<ProbeTask>(), depth: amount, changed: amount })),
  }),
  tables: swapTables,
  image({ samples }, id, which) {
    const found = samples.find((one) => one.id === id);
    return which === 'target' ? found?.targetImage : which === 'source' ? found?.sourceImage : undefined;
  },
} satisfies KindDeclaration<SwapResult>;

function swapTables(result: SwapResult): string[] {
  const what = result.mode === 'from' ? 'from the layer onward' : 'in the layer only';
  const resized = result.samples.filter(({ source }) => source === 'resized').length;
  const swapped = result.stateLayers ? 'inputs of attention or recurrence' : 'keys and values';
  const rule = result.change === 'text' ? ' An answer has changed where the texts differ.' : '';
  const others = resized > 0 ? ` ${formatCount(resized)} source images were resized to their target's grid.` : '';
  const intro =
    `Fraction of answers that change when the visual tokens' ${swapped} are the source image's ${what},\n` +
    `with 95% CIs (Wilson).${rule}${others}`;
  const tasks = [...new Set(result.rates.map(({ task }) => task))];
  return [
    intro,
    ...tasks.map((task) => {
      const own = result.rates.filter((rate) => rate.task === task);
      const rows = own.map(({ depth, changed, low, high }) => [
        `layer ${depth}`,
        regionOfLayer(depth, result.cuts),
        formatPercent(changed),
        bar(changed, BAR_WIDTH),
        interval(low, high),
      ]);
      return `${task} (n = ${formatCount(own[0]!.n)})\n${table(rows, [false, false, true, false, false])}`;
    }),
  ];
}
