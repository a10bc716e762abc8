/** Evaluations for people: the three abilities with intervals, and who differs from whom. */
import { type EvaluatePlan, type AbilityName } from './request.js';
import { protocolBlock } from '../protocolReport.js';
import { samplingText } from '../declare/protocolText.js';
import { judgeText, mainReference, readingOf, regradeLines, servedLines } from './reading.js';
import { ABILITIES, type EvaluateResult } from './result.js';
import { durationClause, formatBytes, formatCount, formatPercent, interval, signed, table } from '../../report/text.js';

const NAMES: Record<AbilityName, string> = {
  vis: 'vision',
  v2r: 'vision to reasoning',
  rea: 'reasoning',
  accuracy: 'accuracy',
};

/** @param options.all comparisons with every reference; otherwise those with IN alone */
export function report(result: EvaluateResult, { all = false }: { all?: boolean } = {}): string {
  const parts = [
    [heading(result), ...regradeLines(result), ...servedByLines(result), ...servedLines(result)].join('\n'),
    protocolBlock(result),
    readingOf(result, mainReference(result)).join('\n'),
    abilities(result),
    passes(result),
    comparisons(result, all),
    accuracies(result),
    variants(result),
    agreement(result),
    result.warnings.length > 0 ? ['Warnings:', ...result.warnings.map((warning) => `  ${warning}`)].join('\n') : '',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** One line: what is to be done, and how long it may take. */
export function planSentence({
  questions,
  generations,
  cached,
  memory,
  seconds,
  basis,
  sent = 0,
  judged = 0,
}: EvaluatePlan): string {
  const known = cached === 0 ? '' : `, of which ${formatCount(cached)} are known from earlier runs`;
  const time = durationClause(seconds, basis);
  if (judged > 0)
    return (
      `${formatCount(questions)} questions: ${formatCount(generations)} stored answers, of which the grader is ` +
      `shown at most ${formatCount(judged)}.`
    );
  return (
    `${formatCount(questions)} questions: ${formatCount(generations)} ` +
    `answers${known}${sent > 0 ? `, of which ${formatCount(sent)} are asked over the network` : ''}, within ` +
    `${formatBytes(memory)} of memory${time}.`
  );
}

function heading(result: EvaluateResult): string {
  const { checkpoints, data, maxNewTokens, sets, protocol } = result;
  const rows = checkpoints.map(({ label, family, path, recipe }) => [
    label,
    family,
    recipe === null ? path : recipe.trim().split('\n').at(-1)!,
  ]);
  const how =
    result.imported === undefined
      ? `at most ${maxNewTokens} new tokens, ${protocol?.sampling ? samplingText(protocol.sampling) : 'greedy'}`
      : `answers from ${filesText(result.imported.files.length)} of ${result.imported.format}`;
  const named = sets.map(
    ({ name, questions, abilities: own }) => `${name} (${formatCount(questions)}: ${own.join(', ')})`,
  );
  return `${table(rows, [false, false, false])}\n${data}: ${named.join(', ')}\n${how}, ${judgeText(result)}`;
}

function abilities({ checkpoints, scores, protocol }: EvaluateResult): string {
  const there = ABILITIES.filter((ability) => scores.some((score) => score.ability === ability));
  const header = ['', ...there.flatMap((ability) => [NAMES[ability], '95% CI'])];
  const rows = checkpoints.map(({ label }, checkpoint) => [
    label,
    ...there.flatMap((ability) => {
      const score = scores.find((one) => one.ability === ability && one.checkpoint === checkpoint)!;
      return [formatPercent(score.value), interval(score.low, score.high)];
    }),
  ]);
  const counts = there.map(
    (ability) => `${NAMES[ability]} n = ${formatCount(scores.find((score) => score.ability === ability)!.n)}`,
  );
  return (
    `${table([header, ...rows], [false, ...there.flatMap(() => [true, false])])}\n${counts.join(', ')}; ` +
    `${(protocol?.sampling?.answers ?? 1) > 1 ? `mean@${protocol!.sampling!.answers}; CIs: bootstrap over questions` : 'CIs: Wilson'}`
  );
}

/** P(one of k answers is right). */
function passes({ checkpoints, passes: found = [] }: EvaluateResult): string {
  if (found.length === 0) return '';
  const there = ABILITIES.filter((ability) => found.some((one) => one.ability === ability));
  const counts = [...new Set(found.map(({ k }) => k))];
  const rows = there.flatMap((ability) =>
    checkpoints.map(({ label }, checkpoint) => [
      NAMES[ability],
      label,
      ...counts.flatMap((k) => {
        const one = found.find((pass) => pass.ability === ability && pass.checkpoint === checkpoint && pass.k === k)!;
        return [formatPercent(one.value), interval(one.low, one.high)];
      }),
    ]),
  );
  const header = ['', '', ...counts.flatMap((k) => [`pass@${k}`, '95% CI'])];
  const sides = [false, false, ...counts.flatMap(() => [true, false])];
  return (
    'One of k answers is right (unbiased estimate; CIs: bootstrap over ' +
    `questions)\n\n${table([header, ...rows], sides)}`
  );
}

/** Sets whose questions come in variants. */
function variants({ checkpoints, variants: found = [] }: EvaluateResult): string {
  if (found.length === 0) return '';
  const rows = found.map((one) => [
    `${one.of} ${one.setting}`,
    checkpoints[one.checkpoint]!.label,
    `${formatCount(one.questions)} (${formatCount(one.n)})`,
    formatPercent(one.mean),
    interval(one.meanLow, one.meanHigh),
    formatPercent(one.worst),
    interval(one.worstLow, one.worstHigh),
  ]);
  const header = ['', '', 'questions (variants)', 'mean', '95% CI', 'worst case', '95% CI'];
  return (
    'Variants of a question: the mean over them, and the worst case: all are right (CIs: bootstrap over ' +
    `questions; Wilson)\n\n${table([header, ...rows], [false, false, true, true, false, true, false])}`
  );
}

const filesText = (count: number) => `${formatCount(count)} ${count === 1 ? 'file' : 'files'}`;

function servedByLines({ servedBy }: EvaluateResult): string[] {
  return servedBy === undefined ? [] : [`served by: ${servedBy}`];
}

/** Rules and second judge: the 2 × 2 table and Cohen's κ. */
function agreement({ agreement: found = [], checkpoints }: EvaluateResult): string {
  if (found.length === 0) return '';
  const rows = found.map(({ checkpoint, n, questions, bothRight, rulesOnly, graderOnly, bothWrong, ...one }) => [
    checkpoint === null ? 'all' : checkpoints[checkpoint]!.label,
    `${formatCount(n)} (${formatCount(questions)})`,
    ...[bothRight, rulesOnly, graderOnly, bothWrong].map(formatCount),
    formatPercent(one.observed),
    one.kappa === null ? '' : one.kappa.toFixed(3),
    one.low === null || one.high === null ? '' : `${one.low.toFixed(3)} … ${one.high.toFixed(3)}`,
  ]);
  const header = [
    '',
    'answers (questions)',
    'both right',
    'rules only',
    'judge only',
    'both wrong',
    'agree',
    'κ',
    '95% CI',
  ];
  return (
    "Agreement of the rules and the second judge (Cohen's κ; CI: clustered by question)\n\n" +
    table([header, ...rows], [false, true, true, true, true, true, true, true, false])
  );
}

function comparisons(result: EvaluateResult, all: boolean): string {
  const { checkpoints, comparisons: every } = result;
  const main = mainReference(result);
  const found = every.filter(({ against }) => all || against === main);
  if (found.length === 0) return '';
  const header = ['', '', 'vs.', 'difference', '95% CI', 'lost', 'won', 'p', 'p (Holm)'];
  const rows = found.map(({ ability, checkpoint, against, difference, low, high, tf, ft, p, adjusted }) => [
    NAMES[ability],
    checkpoints[checkpoint]!.label,
    checkpoints[against]!.label,
    signed(difference),
    `${signed(low)} … ${signed(high)}`,
    formatCount(tf),
    formatCount(ft),
    probability(p),
    probability(adjusted),
  ]);
  const correction =
    checkpoints.length > 3 ? '\nSeveral checkpoints against one reference: read the p after Holm’s correction.' : '';
  const more =
    found.length < every.length ? `\n${every.length - found.length} comparisons with others: --all shows them.` : '';
  const note = `${correction}${more}`;
  return (
    'Differences in points on the same questions ' +
    `(${(result.protocol?.sampling?.answers ?? 1) > 1 ? 'CIs: bootstrap over questions; p: sign flips over questions; lost and won: first answers' : 'CIs: Newcombe; p: McNemar'})\n\n${table([header, ...rows], [false, false, false, true, false, true, true, true, true])}${note}`
  );
}

function accuracies({ checkpoints, accuracies: found, sets }: EvaluateResult): string {
  const columns = sets.flatMap(({ name }) =>
    [...new Set(found.filter(({ set }) => set === name).map(({ setting }) => setting))].map((setting) => ({
      name,
      setting,
    })),
  );
  const header = ['', ...columns.map(({ name, setting }) => `${name} ${setting}`)];
  const rows = checkpoints.map(({ label }, checkpoint) => [
    label,
    ...columns.map(({ name, setting }) =>
      formatPercent(
        found.find((one) => one.checkpoint === checkpoint && one.set === name && one.setting === setting)?.value ??
          null,
      ),
    ),
  ]);
  return `Accuracy per set and setting\n\n${table([header, ...rows], [false, ...columns.map(() => true)])}`;
}

function probability(p: number): string {
  return p < 1e-4 ? '< 1e-4' : p.toFixed(4);
}
