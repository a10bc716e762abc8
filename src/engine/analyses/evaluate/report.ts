/** Evaluations for people: the three abilities with intervals, and who differs from whom. */
import { type EvaluatePlan, type AbilityName } from './request.js';
import { mainReference, readingOf } from './reading.js';
import { ABILITIES, type EvaluateResult } from './result.js';
import { durationClause, formatBytes, formatCount, formatPercent, interval, signed, table } from '../../report/text.js';

const NAMES: Record<AbilityName, string> = { vis: 'vision', v2r: 'vision to reasoning', rea: 'reasoning' };

/** @param options.all comparisons with every reference; otherwise those with IN alone */
export function report(result: EvaluateResult, { all = false }: { all?: boolean } = {}): string {
  const parts = [
    heading(result),
    readingOf(result, mainReference(result)).join('\n'),
    abilities(result),
    comparisons(result, all),
    accuracies(result),
    result.warnings.length > 0 ? ['Warnings:', ...result.warnings.map((warning) => `  ${warning}`)].join('\n') : '',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** One line: what is to be done, and how long it may take. */
export function planSentence({ questions, generations, cached, memory, seconds, basis }: EvaluatePlan): string {
  const known = cached === 0 ? '' : `, of which ${formatCount(cached)} are known from earlier runs`;
  const time = durationClause(seconds, basis);
  return `${formatCount(questions)} questions: ${formatCount(generations)} answers${known}, within ${formatBytes(memory)} of memory${time}.`;
}

function heading({ checkpoints, data, maxNewTokens, sets, grader }: EvaluateResult): string {
  const rows = checkpoints.map(({ label, family, path, recipe }) => [
    label,
    family,
    recipe === null ? path : recipe.trim().split('\n').at(-1)!,
  ]);
  const judge = grader === null ? 'rule-based grading' : `rule-based grading, then LLM judge ${grader}`;
  return `${table(rows, [false, false, false])}\n${data}: ${sets.map(({ name, questions, abilities: own }) => `${name} (${formatCount(questions)}: ${own.join(', ')})`).join(', ')}\nat most ${maxNewTokens} new tokens, greedy, ${judge}`;
}

function abilities({ checkpoints, scores }: EvaluateResult): string {
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
  return `${table([header, ...rows], [false, ...there.flatMap(() => [true, false])])}\n${counts.join(', ')}; CIs: Wilson`;
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
  return `Differences in points on the same questions (CIs: Newcombe; p: McNemar)\n\n${table([header, ...rows], [false, false, false, true, false, true, true, true, true])}${note}`;
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
