/** What an evaluation says, in a few sentences: only what holds after the correction for several comparisons. */
import type { AbilityName } from './request.js';
import { ABILITIES, type Comparison, type EvaluateResult } from './result.js';

/** p below which a difference counts as one. */
export const SIGNIFICANT = 0.05;
/** Questions from which intervals are narrow enough to need no remark. */
const MANY = 200;

export const ABILITY_NAMES: Record<AbilityName, string> = {
  vis: 'Vision',
  v2r: 'Vision to reasoning',
  rea: 'Reasoning',
};

/** The checkpoint that the others are first compared with: IN, or what the run was compared with instead. */
export function mainReference({ checkpoints, comparisons }: EvaluateResult): number | null {
  const references = [...new Set(comparisons.map(({ against }) => against))];
  return references.find((index) => checkpoints[index]!.role === 'in') ?? references[0] ?? null;
}

/** `checkpoint` against `against`. A result has two references one way round only: the other way is turned. */
export function comparisonBetween(
  { comparisons }: Pick<EvaluateResult, 'comparisons'>,
  checkpoint: number,
  against: number | null,
  ability: AbilityName,
): Comparison | undefined {
  if (against === null || against === checkpoint) return undefined;
  const own = comparisons.find(
    (one) => one.checkpoint === checkpoint && one.against === against && one.ability === ability,
  );
  if (own) return own;
  const turned = comparisons.find(
    (one) => one.checkpoint === against && one.against === checkpoint && one.ability === ability,
  );
  if (turned === undefined) return undefined;
  const { tt, tf, ft, ff } = turned;
  return {
    ...turned,
    checkpoint,
    against,
    difference: -turned.difference,
    low: -turned.high,
    high: -turned.low,
    tf: ft,
    ft: tf,
    sideEffect: tt + ft === 0 ? null : ft / (tt + ft),
    lift: ff + tf === 0 ? null : tf / (ff + tf),
  };
}

/** @param against what the others are compared with; `null` says nothing */
export function readingOf(result: EvaluateResult, against: number | null): string[] {
  if (against === null) return [];
  const { checkpoints, scores } = result;
  const abilities = ABILITIES.filter((ability) => scores.some((score) => score.ability === ability));
  const compared = checkpoints.flatMap(({ label, role }, index) => {
    const changes = abilities.map((ability) => comparisonBetween(result, index, against, ability));
    return changes.every((one) => one !== undefined) ? [{ label, role, changes }] : [];
  });
  const reference = checkpoints[against]!.label;
  const rl = compared.find(({ role }) => /^rl\d*$/.test(role ?? ''));
  const stitches = compared.filter(({ role }) => role === 'hybrid' || role === null);
  const change = (one: Comparison) => `${ABILITY_NAMES[one.ability].toLowerCase()} ${differenceText(one)}`;
  return [
    ...(rl === undefined ? [] : [`${rl.label} against ${reference}: ${rl.changes.map(change).join(', ')}.`]),
    ...(stitches.length === 0
      ? []
      : abilities.map((ability, at) => {
          const changes = stitches.map(({ label, changes: own }) => ({ label, ...own[at]! }));
          return `${ABILITY_NAMES[ability]}: ${stitchText(changes, reference)}.`;
        })),
    ...precisionText(scores),
  ];
}

/** Which of them gain and lose. */
function stitchText(stitches: readonly (Comparison & { label: string })[], reference: string): string {
  const found = stitches.filter(({ adjusted }) => adjusted < SIGNIFICANT);
  const gain = found.filter(({ difference }) => difference > 0);
  const loss = found.filter(({ difference }) => difference < 0);
  const said = [
    gain.length > 0 ? `${listed(gain)} ${gain.length === 1 ? 'gains' : 'gain'}` : '',
    loss.length > 0 ? `${listed(loss)} ${loss.length === 1 ? 'loses' : 'lose'}` : '',
  ].filter((part) => part !== '');
  if (said.length > 0) return said.join('; ');
  const none = stitches.length === 1 ? 'no significant difference' : 'no stitch differs significantly';
  return `${none} from ${reference}`;
}

function precisionText(scores: EvaluateResult['scores']): string[] {
  const fewest = Math.min(...scores.map(({ n }) => n));
  if (fewest >= MANY) return [];
  const width = Math.round(100 / Math.sqrt(fewest));
  return [`With ${fewest} questions, 95% CIs are about ±${width} points; differences below that are not resolvable.`];
}

function differenceText({ difference, adjusted }: Comparison): string {
  return adjusted < SIGNIFICANT
    ? `${points(difference)} points (${pText(adjusted)})`
    : `${points(difference)} (${pText(adjusted)}, not significant)`;
}

function listed(all: readonly { label: string }[]): string {
  const names = all.map(({ label }) => label);
  return names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}

/** A difference of two fractions in percentage points, with its sign: `+1.2`. */
export function points(fraction: number): string {
  const value = 100 * fraction;
  return `${value > 0.05 ? '+' : value < -0.05 ? '−' : ''}${Math.abs(value).toFixed(1)}`;
}

export function probability(p: number): string {
  // Three digits around 0.05, so that what is shown is on its own side of it.
  return p < 1e-4 ? '< 0.0001' : p < 0.01 ? p.toFixed(4) : p.toFixed(p < 0.1 ? 3 : 2);
}

export function pText(p: number): string {
  return p < 1e-4 ? 'p < 0.0001' : `p = ${probability(p)}`;
}

/** `served: 100 answers, 4,364 prompt and 1,641 answer tokens, 5.7 a second`, per endpoint that was asked. */
export function servedLines({ served = [], checkpoints }: Pick<EvaluateResult, 'served' | 'checkpoints'>): string[] {
  const count = (value: number) => value.toLocaleString('en');
  return served.map(({ checkpoint, answers, promptTokens, answerTokens, seconds }) =>
    [
      `${checkpoints[checkpoint]!.label}: ${count(answers)} answers`,
      ...(promptTokens === null || answerTokens === null
        ? []
        : [`${count(promptTokens)} prompt and ${count(answerTokens)} answer tokens`]),
      `${(answers / Math.max(seconds, 1e-3)).toFixed(1)} a second`,
    ].join(', '),
  );
}

/** Who judged: `rule-based grading, then LLM judge gpt for what the rules call wrong`. */
export function judgeText({
  grader,
  graderScope,
  rules,
  regrade,
}: Pick<EvaluateResult, 'grader' | 'graderScope' | 'rules' | 'regrade'>): string {
  const own = rules === 'format' ? 'rule-based grading of answers in a tag or a box' : 'rule-based grading';
  if (grader === null) return own;
  const judge = regrade?.verdicts ? `the verdicts of ${grader}` : `LLM judge ${grader}`;
  return graderScope === 'all' ? `${judge} in place of the rules` : `${own}, then ${judge}`;
}

/** Of a regraded run: whose answers they are, and how many verdicts are others now. */
export function regradeLines({ regrade }: Pick<EvaluateResult, 'regrade'>): string[] {
  if (regrade === undefined) return [];
  const { runId, answers, changed, grading, grader, rules } = regrade;
  const before = judgeText({ grader, rules });
  const count = (value: number) => value.toLocaleString('en');
  return [
    `answers of the run ${runId}, judged again: ${count(changed)} of ${count(answers)} verdicts changed ` +
      `(before: ${before}, rules of version ${grading})`,
  ];
}
