/** An evaluation as the view needs it. No DOM. */
import type {
  AbilityName,
  Comparison,
  EvaluatedQuestion,
  EvaluateResult,
  Role,
  Score,
  Setting,
} from '../../src/protocol/engineApi.js';
import {
  ABILITY_NAMES,
  comparisonBetween,
  mainReference,
  points,
  probability,
  pText,
  readingOf,
  SIGNIFICANT,
} from '../../src/protocol/evaluationReading.js';
import { formatFraction } from '../format.js';

export const ABILITY_MEANINGS: Record<AbilityName, string> = {
  vis: 'Correct with the image, incorrect with a blank image.',
  v2r: 'Correct with the image, and correct with its description instead.',
  rea: 'Correct on text alone.',
};
export const SETTING_NAMES: Record<Setting, string> = {
  image: 'With the image',
  black: 'With a blank image',
  described: 'With the description',
  text: 'Text only',
};
/** The settings that an ability rests on, in the order in which they are shown. */
export const SETTINGS_OF: Record<AbilityName, readonly Setting[]> = {
  vis: ['image', 'black'],
  v2r: ['image', 'described'],
  rea: ['text'],
};

export { ABILITY_NAMES, points, probability, pText, SIGNIFICANT };

export interface Row {
  index: number;
  label: string;
  role: Role | null;
  /** What gives Early, Mid and Late, for a stitch that is called so. */
  regions: readonly [string, string, string] | null;
}

export interface TransferModel {
  result: EvaluateResult;
  rows: Row[];
  /** Those that are measured here. */
  abilities: AbilityName[];
  /** Largest share that is shown, rounded up: the tracks' full width. */
  most: number;
  /** Checkpoints that others may be held against. */
  references: number[];
}

export function modelOf(result: EvaluateResult): TransferModel {
  const rows = result.checkpoints.map(({ label, role }, index): Row => {
    const regions = /^([^:]+):([^:]+):([^:]+)$/.exec(label);
    return { index, label, role, regions: regions === null ? null : [regions[1]!, regions[2]!, regions[3]!] };
  });
  const abilities = (['vis', 'v2r', 'rea'] as const).filter((ability) =>
    result.scores.some((score) => score.ability === ability),
  );
  const highest = Math.max(0.1, ...result.scores.map(({ high }) => high));
  const references = [...new Set(result.comparisons.map(({ against }) => against))];
  return { result, rows, abilities, most: Math.min(1, Math.ceil(highest * 10) / 10), references };
}

export function referenceOf({ references, result }: TransferModel, wanted: number | null): number | null {
  return wanted !== null && references.includes(wanted) ? wanted : mainReference(result);
}

export function scoreOf({ result }: TransferModel, checkpoint: number, ability: AbilityName): Score | undefined {
  return result.scores.find((score) => score.checkpoint === checkpoint && score.ability === ability);
}

/** Against the reference, whichever of the two the result names first. */
export function comparisonOf(
  { result }: TransferModel,
  checkpoint: number,
  against: number | null,
  ability: AbilityName,
): Comparison | undefined {
  return comparisonBetween(result, checkpoint, against, ability);
}

export type Outcome = 'won' | 'lost' | 'both' | 'neither';

export interface Behind {
  question: EvaluatedQuestion;
  hit: boolean;
  /** Against the reference; null without one. */
  outcome: Outcome | null;
}

/** The questions of a cell, in their order. */
export function questionsBehind(
  { result }: TransferModel,
  checkpoint: number,
  against: number | null,
  ability: AbilityName,
): Behind[] {
  return result.questions.flatMap((question): Behind[] => {
    const flags = question.counts[ability];
    if (flags === undefined) return [];
    const hit = flags[checkpoint]!;
    const before = against === null || against === checkpoint ? undefined : flags[against]!;
    return [
      {
        question,
        hit,
        outcome: before === undefined ? null : hit ? (before ? 'both' : 'won') : before ? 'lost' : 'neither',
      },
    ];
  });
}

/** Whether a verdict behind the cell was another one before the answers were judged again. */
export function changedIn({ changed = [] }: EvaluatedQuestion, checkpoint: number, ability: AbilityName): boolean {
  return changed.some((mark) => {
    const [setting, index] = mark.split('/');
    return index === String(checkpoint) && SETTINGS_OF[ability].includes(setting as Setting);
  });
}

/** Of an ability, by checkpoint: questions of which a verdict changed. */
export function changedCount({ result }: TransferModel, checkpoint: number, ability: AbilityName): number {
  return result.questions.filter(
    (question) => question.counts[ability] !== undefined && changedIn(question, checkpoint, ability),
  ).length;
}

export function intervalText({ low, high }: { low: number; high: number }): string {
  return `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`;
}

/** What the numbers say, in a sentence or two. */
export function reading({ result }: TransferModel, against: number | null): string[] {
  return readingOf(result, against);
}

/** "−1.2 points against IN (−5.1 to 2.7), p = 0.61": what a cell says beside its share. */
export function againstText(model: TransferModel, comparison: Comparison): string {
  const { difference, low, high, p, adjusted, against, tf, ft } = comparison;
  const corrected = adjusted === p ? '' : `, ${pText(adjusted)} after Holm's correction`;
  return (
    `${points(difference)} points against ${model.rows[against]!.label} (${points(low)} to ${points(high)}): ` +
    `${ft} won, ${tf} lost, ${pText(p)}${corrected}`
  );
}

export function cellText(model: TransferModel, row: Row, ability: AbilityName, against: number | null): string {
  const score = scoreOf(model, row.index, ability);
  if (score === undefined) return '';
  const comparison = comparisonOf(model, row.index, against, ability);
  return (
    `${row.label}, ${ABILITY_NAMES[ability].toLowerCase()}: ${formatFraction(score.value)} of ${score.n}, ` +
    `95% interval ${intervalText(score)}${comparison ? `. ${againstText(model, comparison)}` : ''}`
  );
}
