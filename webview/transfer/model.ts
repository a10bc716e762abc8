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
import { formatShare } from '../format.js';

export const ABILITY_NAMES: Record<AbilityName, string> = {
  vis: 'Vision',
  v2r: 'Vision to reasoning',
  rea: 'Reasoning',
};
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

/** p below which a difference is called one. */
export const SIGNIFICANT = 0.05;

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

export function referenceOf({ references, rows }: TransferModel, wanted: number | null): number | null {
  if (wanted !== null && references.includes(wanted)) return wanted;
  return references.find((index) => rows[index]!.role === 'in') ?? references[0] ?? null;
}

export function scoreOf({ result }: TransferModel, checkpoint: number, ability: AbilityName): Score | undefined {
  return result.scores.find((score) => score.checkpoint === checkpoint && score.ability === ability);
}

/** Held against the reference; two references are stored one way round only, and are turned where needed. */
export function comparisonOf(
  { result }: TransferModel,
  checkpoint: number,
  against: number | null,
  ability: AbilityName,
): Comparison | undefined {
  if (against === null || against === checkpoint) return undefined;
  const own = result.comparisons.find(
    (one) => one.checkpoint === checkpoint && one.against === against && one.ability === ability,
  );
  if (own) return own;
  const turned = result.comparisons.find(
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

export function intervalText({ low, high }: { low: number; high: number }): string {
  return `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`;
}

/** What the numbers say, in a sentence or two; only what holds after the correction for trying many. */
export function reading(model: TransferModel, against: number | null): string[] {
  const { rows, abilities, result } = model;
  if (against === null) return [];
  const reference = rows[against]!;
  const others = rows.filter(
    ({ index }) => index !== against && comparisonOf(model, index, against, abilities[0]!) !== undefined,
  );
  const sentences: string[] = [];
  const change = (row: Row, ability: AbilityName) => comparisonOf(model, row.index, against, ability)!;
  const rl = others.find(({ role }) => role === 'rl');
  if (rl)
    sentences.push(
      `${rl.label} against ${reference.label}: ${abilities.map((ability) => `${ABILITY_NAMES[ability].toLowerCase()} ${differenceText(change(rl, ability))}`).join(', ')}.`,
    );
  const stitches = others.filter(({ role }) => role === 'hybrid' || role === null);
  if (stitches.length > 0) {
    for (const ability of abilities) {
      const gain = stitches.filter(
        (row) => change(row, ability).adjusted < SIGNIFICANT && change(row, ability).difference > 0,
      );
      const loss = stitches.filter(
        (row) => change(row, ability).adjusted < SIGNIFICANT && change(row, ability).difference < 0,
      );
      const said = [
        gain.length > 0 ? `${listed(gain)} ${gain.length === 1 ? 'gains' : 'gain'}` : '',
        loss.length > 0 ? `${listed(loss)} ${loss.length === 1 ? 'loses' : 'lose'}` : '',
      ]
        .filter(Boolean)
        .join('; ');
      sentences.push(
        `${ABILITY_NAMES[ability]}: ${said === '' ? `no ${stitches.length === 1 ? 'significant difference' : 'hybrid differs significantly'} from ${reference.label}` : said}.`,
      );
    }
  }
  const smallest = Math.min(...result.scores.map(({ n }) => n));
  if (smallest < 200)
    sentences.push(
      `With ${smallest} questions, 95% CIs are about ±${Math.round(100 / Math.sqrt(smallest))} points; differences below that are not resolvable.`,
    );
  return sentences;
}

function differenceText({ difference, adjusted }: Comparison): string {
  return adjusted < SIGNIFICANT
    ? `${points(difference)} points (${pText(adjusted)})`
    : `${points(difference)} (${pText(adjusted)}, not significant)`;
}

function listed(rows: readonly Row[]): string {
  const names = rows.map(({ label }) => label);
  return names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}

/** "−1.2 points against IN (−5.1 to 2.7), p = 0.61": what a cell says beside its share. */
export function againstText(model: TransferModel, comparison: Comparison): string {
  const { difference, low, high, p, adjusted, against, tf, ft } = comparison;
  const corrected = adjusted === p ? '' : `, ${pText(adjusted)} after Holm's correction`;
  return `${points(difference)} points against ${model.rows[against]!.label} (${points(low)} to ${points(high)}): ${ft} won, ${tf} lost, ${pText(p)}${corrected}`;
}

export function cellText(model: TransferModel, row: Row, ability: AbilityName, against: number | null): string {
  const score = scoreOf(model, row.index, ability);
  if (score === undefined) return '';
  const comparison = comparisonOf(model, row.index, against, ability);
  return `${row.label}, ${ABILITY_NAMES[ability].toLowerCase()}: ${formatShare(score.value)} of ${score.n}, 95% interval ${intervalText(score)}${comparison ? `. ${againstText(model, comparison)}` : ''}`;
}
