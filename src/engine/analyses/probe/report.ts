/** Probes for people: a table over layers with bars, intervals and regions. */
import type { ProbePlan } from './request.js';
import type { AttentionResult, ProbeResult, SkipResult, SwapResult } from './result.js';
import { regionOfLayer } from '../../topology/cuts.js';
import { withoutAttention } from './stateLayers.js';
import {
  bar,
  durationClause,
  formatBytes,
  formatCount,
  formatNumber,
  formatPercent,
  interval,
  signed,
  table,
} from '../../report/text.js';

const BAR_WIDTH = 20;

export function report(result: ProbeResult): string {
  const parts = [
    heading(result),
    ...body(result),
    result.warnings.length > 0 ? ['Warnings:', ...result.warnings.map((warning) => `  ${warning}`)].join('\n') : '',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** One or two lines: what is to be done, and how long it may take. */
export function planSentence({
  samples,
  depths,
  generations,
  memory,
  seconds,
  basis,
  streamedBytes,
}: ProbePlan): string {
  const time = durationClause(seconds, basis);
  const streamed =
    streamedBytes === 0
      ? ''
      : `\nThe model is larger than the memory budget: ${formatBytes(streamedBytes)} are read again at every pass.`;
  return `${formatCount(samples)} samples × ${formatCount(depths)} layers: ${formatCount(generations)} answers, within ${formatBytes(memory)} of memory${time}.${streamed}`;
}

function heading({ checkpoints, cuts, data, maxNewTokens }: ProbeResult): string {
  const [{ layers }] = checkpoints as [ProbeResult['checkpoints'][number]];
  const rows = checkpoints.map(({ label, family, path }) => [label, family, path]);
  const span = (first: number, end: number) => (end <= first ? 'none' : `${first}–${end - 1}`);
  return `${table(rows, [false, false, false])}\n${data}, at most ${maxNewTokens} new tokens, greedy\nearly ${span(0, cuts[0])}, mid ${span(cuts[0], cuts[1])}, late ${span(cuts[1], layers)}`;
}

/** The tables of each kind. */
const TABLES: { [K in ProbeResult['kind']]: (result: Extract<ProbeResult, { kind: K }>) => string[] } = {
  swap: swapTables,
  skip: (result) => [skipTable(result)],
  attention: (result) => [attentionTable(result)],
};

function body(result: ProbeResult): string[] {
  return (TABLES[result.kind] as (result: ProbeResult) => string[])(result);
}

function swapTables(result: SwapResult): string[] {
  const what = result.mode === 'from' ? 'from the layer onward' : 'in the layer only';
  const resized = result.samples.filter(({ source }) => source === 'resized').length;
  const swapped = result.stateLayers ? 'inputs of attention or recurrence' : 'keys and values';
  const intro = `Fraction of answers that change when the visual tokens' ${swapped} are the source image's ${what},\nwith 95% CIs (Wilson).${resized > 0 ? ` ${formatCount(resized)} source images were resized to their target's grid.` : ''}`;
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

function skipTable({ part, baseline, errors, cuts }: SkipResult): string {
  const what = part === 'layer' ? 'the layer' : part === 'attention' ? "the layer's attention" : "the layer's MLP";
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
  return `Error rate without ${what} (n = ${formatCount(baseline.n)}); CIs: Wilson, and Newcombe for the paired difference.\n\n${table(rows, [false, false, true, false, false, false])}`;
}

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
  return `Attention from a reasoning token to a visual token (mean) and to all of them (mass; bars), over ${formatCount(samples.length)} samples.\nCIs: bootstrap over samples.${stateLayers ? `\n${withoutAttention(stateLayers)}` : ''}\n\n${table([header, ...rows], right)}`;
}

function signedNumber(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${formatNumber(Math.abs(value))}`;
}
