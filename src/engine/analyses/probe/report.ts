/** Probes for people: a table over layers with bars, intervals and regions. */
import type { ProbePlan } from './request.js';
import type { ProbeResult } from './result.js';
import { declared } from './kinds/declared.js';
import { protocolBlock } from '../protocolReport.js';
import { durationClause, formatBytes, formatCount, table } from '../../report/text.js';

export function report(result: ProbeResult): string {
  const parts = [
    heading(result),
    protocolBlock(result),
    ...declared(result.kind).tables(result),
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
  return (
    `${formatCount(samples)} samples × ${formatCount(depths)} layers: ${formatCount(generations)} ` +
    `answers, within ${formatBytes(memory)} of memory${time}.${streamed}`
  );
}

function heading({ checkpoints, cuts, data, maxNewTokens }: ProbeResult): string {
  const [{ layers }] = checkpoints as [ProbeResult['checkpoints'][number]];
  const rows = checkpoints.map(({ label, family, path }) => [label, family, path]);
  const span = (first: number, end: number) => (end <= first ? 'none' : `${first}–${end - 1}`);
  return (
    `${table(rows, [false, false, false])}\n${data}, at most ${maxNewTokens} new tokens, greedy\nearly ` +
    `${span(0, cuts[0])}, mid ${span(cuts[0], cuts[1])}, late ${span(cuts[1], layers)}`
  );
}
