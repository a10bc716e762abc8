/** What an evaluation says, in a few sentences: only what holds after the correction for several comparisons. */
import type { AbilityName } from './request.js';
import type { Comparison, EvaluateResult } from './result.js';

/** p below which a difference counts as one. */
const SIGNIFICANT = 0.05;
/** Questions from which intervals are narrow enough to need no remark. */
const MANY = 200;

const NAMES: Record<AbilityName, string> = { vis: 'Vision', v2r: 'Vision to reasoning', rea: 'Reasoning' };

/** The checkpoint that the others are first compared with: IN, or what the run was compared with instead. */
export function mainReference({ checkpoints, comparisons }: EvaluateResult): number | null {
  const references = [...new Set(comparisons.map(({ against }) => against))];
  return references.find((index) => checkpoints[index]!.role === 'in') ?? references[0] ?? null;
}

/** @param against a reference of the comparisons; `null` says nothing */
export function readingOf({ checkpoints, comparisons, scores }: EvaluateResult, against: number | null): string[] {
  if (against === null) return [];
  const reference = checkpoints[against]!.label;
  const own = comparisons.filter((one) => one.against === against);
  const abilities = (['vis', 'v2r', 'rea'] as const).filter((ability) => own.some((one) => one.ability === ability));
  const sentences: string[] = [];
  const rl = own.filter(({ checkpoint }) => /^rl\d*$/.test(checkpoints[checkpoint]!.role ?? ''));
  if (rl.length > 0)
    sentences.push(
      `${checkpoints[rl[0]!.checkpoint]!.label} vs. ${reference}: ${rl.map((one) => `${NAMES[one.ability].toLowerCase()} ${differenceText(one)}`).join(', ')}.`,
    );
  const isHybrid = ({ checkpoint }: Comparison) => ['hybrid', null].includes(checkpoints[checkpoint]!.role);
  for (const ability of abilities) {
    const stitches = own.filter((one) => one.ability === ability && isHybrid(one));
    if (stitches.length === 0) continue;
    const found = stitches.filter(({ adjusted }) => adjusted < SIGNIFICANT);
    const listed = (all: readonly Comparison[]) =>
      all.map(({ checkpoint }) => checkpoints[checkpoint]!.label).join(', ');
    const [gain, loss] = [found.filter((one) => one.difference > 0), found.filter((one) => one.difference < 0)];
    const said = [
      gain.length > 0 ? `${listed(gain)} ${gain.length === 1 ? 'gains' : 'gain'}` : '',
      loss.length > 0 ? `${listed(loss)} ${loss.length === 1 ? 'loses' : 'lose'}` : '',
    ].filter((part) => part !== '');
    sentences.push(
      `${NAMES[ability]}: ${said.length > 0 ? `${said.join('; ')} vs. ${reference}` : `no hybrid differs significantly from ${reference}`}.`,
    );
  }
  const fewest = Math.min(...scores.map(({ n }) => n));
  if (fewest < MANY)
    sentences.push(
      `With ${fewest} questions, 95% CIs are about ±${Math.round(100 / Math.sqrt(fewest))} points; differences below that are not resolvable.`,
    );
  return sentences;
}

function differenceText({ difference, adjusted }: Comparison): string {
  const points = `${difference > 0 ? '+' : difference < 0 ? '−' : ''}${(100 * Math.abs(difference)).toFixed(1)} points`;
  const p = adjusted < 1e-4 ? 'p < 0.0001' : `p = ${adjusted.toFixed(adjusted < 0.01 ? 4 : adjusted < 0.1 ? 3 : 2)}`;
  return `${points} (${p}${adjusted < SIGNIFICANT ? '' : ', not significant'})`;
}
