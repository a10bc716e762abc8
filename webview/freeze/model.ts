/** What became of a freeze experiment, as the views need it. No DOM. */
import type { Contrast, FreezeReport, Measure, Verdict, Verification } from '../../src/protocol/engineApi.js';
import { ABILITY_NAMES } from '../transfer/model.js';

export const MEASURE_NAMES: Readonly<Record<Measure, string>> = { ...ABILITY_NAMES, accuracy: 'Accuracy' };

export type Question = 'necessary' | 'sufficient' | 'transferable';

export const QUESTIONS: readonly { key: Question; title: string; meaning: string }[] = [
  { key: 'necessary', title: 'Necessary', meaning: 'Frozen, is the training worse than RL?' },
  { key: 'sufficient', title: 'The rest suffices', meaning: 'Frozen, is the training still better than IN?' },
  { key: 'transferable', title: 'Transferable', meaning: 'Put into IN, do these layers of RL make it better?' },
];

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  yes: 'yes',
  opposite: 'no, the opposite',
  equivalent: 'equivalent',
  open: 'open',
};

/** One row of the forest: a run and what is measured, with a contrast per question. */
export interface ForestRow {
  run: string;
  measure: Measure;
  contrasts: Readonly<Record<Question, Contrast | null>>;
}

export interface ForestFigure {
  rows: readonly ForestRow[];
  /** Tracks reach from −extent to +extent, in fractions. */
  extent: number;
  margin: number;
}

export function forestOf({ rows, margin }: FreezeReport): ForestFigure {
  const seeds = new Set(rows.map(({ seed }) => seed)).size;
  const all = rows.flatMap(({ necessary, sufficient, transferable }) =>
    [necessary, sufficient, transferable ?? []].flat(),
  );
  const furthest = Math.max(
    margin,
    ...all.flatMap(({ equivalence: { low, high } }) => [Math.abs(low), Math.abs(high)]),
  );
  return {
    rows: rows.map(({ run, seed, measure, necessary, sufficient, transferable }) => ({
      run: seeds > 1 ? `${run}, seed ${seed}` : run,
      measure,
      contrasts: { necessary, sufficient, transferable },
    })),
    extent: Math.ceil(furthest * 20) / 20,
    margin,
  };
}

/** `+3.0`, in percentage points. */
export function points(fraction: number): string {
  const text = (100 * Math.abs(fraction)).toFixed(1);
  return `${fraction > 0 ? '+' : fraction < 0 ? '−' : ''}${text}`;
}

/** `−1.2 to +4.0` */
export function intervalText({ low, high }: { low: number; high: number }): string {
  return `${points(low)} to ${points(high)}`;
}

export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
}

/** A cell of the forest, read aloud. */
export function contrastText({ run, measure, contrasts }: ForestRow, question: Question): string {
  const { title } = QUESTIONS.find(({ key }) => key === question)!;
  const contrast = contrasts[question];
  const subject = `${run}, ${MEASURE_NAMES[measure]}, ${title}`;
  if (contrast === null) return `${subject}: not asked, since no stitch takes these layers.`;
  const { verdict, difference, equivalence, adjusted } = contrast;
  return (
    `${subject}: ${VERDICT_WORDS[verdict]}. ${points(difference)} points, 90% interval ${intervalText(equivalence)}, ` +
    `${pText(adjusted)}.`
  );
}

/** What the report says, in sentences. */
export function reading(report: FreezeReport): string[] {
  const { rows, gains, labels } = report;
  const gained = gains.map(
    ({ measure, comparison: { checkpoint, difference, verdict } }) =>
      `${MEASURE_NAMES[measure]} ${points(difference)}${verdict === 'yes' ? '' : verdict === 'opposite' ? ' (worse)' : ' (not shown)'}` +
      (new Set(gains.map(({ comparison }) => comparison.checkpoint)).size > 1 ? ` by ${labels[checkpoint]!}` : ''),
  );
  const named = (verdict: Verdict) =>
    rows
      .filter(({ necessary }) => necessary.verdict === verdict)
      .map(({ run, measure, necessary }) => `${run} for ${MEASURE_NAMES[measure]} (${points(necessary.difference)})`);
  const [needed, better, open] = [named('yes'), named('opposite'), named('open')];
  return [
    `RL against IN, in points: ${gained.join(', ')}.`,
    needed.length === 0 ? 'No region is shown to be necessary.' : `Necessary: ${needed.join(', ')}.`,
    ...(better.length === 0 ? [] : [`Frozen, the result is better than RL: ${better.join(', ')}.`]),
    ...(open.length === 0
      ? []
      : [`Open: ${open.length} of ${rows.length} comparisons with RL. More questions would tell.`]),
  ];
}

/** A row of the table of regions: frozen, or free to move. */
export interface GroupRow {
  group: string;
  tensors: number;
  parameters: number;
  /** In words; `ok` says whether it is as planned, null where nothing was asked of it. */
  state: string;
  ok: boolean | null;
  fro: number | null;
  timesFloor: number | null;
  changed: number | null;
}

/** Frozen regions and parts first, as they were checked; then what was free to move. */
export function groupRows({ held, groups }: Verification): GroupRow[] {
  return [
    ...held.map(({ group, tensors, parameters, moved, missing, rounded }): GroupRow => {
      const failed = [moved > 0 ? `${moved} moved` : '', missing > 0 ? `${missing} missing` : ''].filter(Boolean);
      return {
        group,
        tensors,
        parameters,
        state:
          failed.length > 0
            ? failed.join(', ')
            : rounded > 0
              ? `identical, ${rounded} of ${tensors} once IN is rounded`
              : 'bit-identical',
        ok: failed.length === 0,
        fro: null,
        timesFloor: null,
        changed: null,
      };
    }),
    ...groups.map(({ group, tensors, parameters, fro, timesFloor, changed, unmoved }): GroupRow => ({
      group,
      tensors,
      parameters,
      state: unmoved === 0 ? 'moved' : unmoved === tensors ? 'did not move' : `${unmoved} of ${tensors} did not move`,
      ok: null,
      fro,
      timesFloor,
      changed,
    })),
  ];
}
