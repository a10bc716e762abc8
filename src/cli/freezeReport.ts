/** Plans of frozen trainings, and what became of them, as text. */
import type { PlannedExperiment } from '../engine/freeze/experiment.js';
import type { PlannedRun } from '../engine/freeze/plan.js';
import { type Contrast, type FreezeReport, MEASURES, type Measure } from '../engine/freeze/report.js';
import { verificationLines } from '../engine/analyses/verify/report.js';
import type { VerifyResult } from '../engine/freeze/verifyExperiment.js';
import { formatCount, table } from '../engine/report/text.js';

export function freezePlanReport({ plan, questions, out }: PlannedExperiment): string {
  const { settings, model, runs, warnings } = plan;
  const rows = runs.map((run) => [
    run.name,
    run.control ? 'nothing' : run.selections.map(({ text }) => text).join(', '),
    formatCount(run.frozen.parameters),
    formatCount(run.adapters?.parameters ?? run.trains.parameters),
    imageOf(run),
  ]);
  return [
    `${model.path}: ${model.family}, ${model.layers} language layers, cuts ${model.cuts.join(',')}, ` +
      `${formatCount(model.total.parameters)} parameters`,
    `${settings.trainer}, ${settings.method}, ${formatCount(questions)} questions, ` +
      `${formatCount(settings.steps)} steps, seeds ${settings.seeds.join(', ')}`,
    '',
    table([['run', 'freezes', 'frozen', 'trains', 'layers'], ...rows], [false, false, true, true, false]),
    '',
    '■ frozen  ◧ partly  □ trains',
    ...warnings.map((warning) => `  ${warning}`),
    out === null
      ? 'Nothing is written; --out names a folder for it.'
      : `${out}: run it with "frankenstein freeze run ${out}", or as its README says.`,
    '',
  ].join('\n');
}

const SIGNS = { frozen: '■', partly: '◧', trains: '□' } as const;

/** A sign per language layer, in groups of ten. */
function imageOf({ layers }: PlannedRun): string {
  return layers.map((state, layer) => `${layer > 0 && layer % 10 === 0 ? ' ' : ''}${SIGNS[state]}`).join('');
}

export function verifyReport({ runs }: VerifyResult): string {
  return `${runs
    .map(({ run, verification }) =>
      [
        run === '' ? [] : [`${run}:`],
        verification === null ? ['  no result yet'] : verificationLines(verification),
      ].flat(),
    )
    .flat()
    .join('\n')}\n`;
}

/** The first tensor that failed, in a sentence. */
export function failureOf({ runs }: VerifyResult): string {
  for (const { run, verification } of runs) {
    const [moved, missing] = [verification?.moved[0], verification?.missing[0]];
    const where = run === '' ? '' : ` in the run ${run}`;
    if (moved !== undefined) {
      const others = verification!.moved.length - 1;
      return (
        `${moved.name} should have stayed frozen${where}, but it ` +
        `moved${others > 0 ? `, and so did ${formatCount(others)} more` : ''}.`
      );
    }
    if (missing !== undefined) return `${missing.name} should have stayed frozen${where}, but it is missing.`;
  }
  return 'Weights that should have stayed frozen moved.';
}

const NAMES: Readonly<Record<Measure, string>> = { vis: 'M_vis', v2r: 'M_v2r', rea: 'M_rea', accuracy: 'accuracy' };

/** Scores, then the table of answers: one row per run and measure. */
export function answerReport({ labels, scores, gains, rows, margin, warnings }: FreezeReport): string {
  const measures = MEASURES.filter((measure) => scores.some((score) => score.measure === measure));
  const scoreRows = labels.map((label, checkpoint) => [
    label,
    ...measures.map((measure) => {
      const { value, low, high } = scores.find(
        (score) => score.checkpoint === checkpoint && score.measure === measure,
      )!;
      return `${points(value)} (${points(low)}–${points(high)})`;
    }),
  ]);
  const seeds = new Set(rows.map(({ seed }) => seed)).size;
  const answers = rows.map(({ run, seed, measure, necessary, sufficient, transferable }) => [
    seeds > 1 ? `${run}, seed ${seed}` : run,
    NAMES[measure],
    contrastText(necessary),
    contrastText(sufficient),
    transferable === null ? '–' : contrastText(transferable),
  ]);
  const paired = gains.map(({ measure, comparison }) => [
    `${labels[comparison.checkpoint]!} against IN`,
    NAMES[measure],
    contrastText(comparison),
  ]);
  return [
    table(
      [['per cent, 95 % interval', ...measures.map((measure) => NAMES[measure])], ...scoreRows],
      [false, ...measures.map(() => true)],
    ),
    '',
    table([['gain of RL', '', 'better than IN'], ...paired], [false, false, false]),
    '',
    table(
      [
        [
          'frozen',
          '',
          'necessary: worse than RL',
          'the rest suffices: better than IN',
          'transferable: in IN, better than IN',
        ],
        ...answers,
      ],
      [false, false, false, false, false],
    ),
    '',
    `Paired differences in points; p of McNemar's test, corrected by Holm over all runs and measures ` +
      `of a column. "equivalent": the 90 % interval lies within ±${points(margin)} points. "open": ` +
      `neither a difference nor equivalence is shown.`,
    ...warnings.map((warning) => `  ${warning}`),
    '',
  ].join('\n');
}

function contrastText({ verdict, difference, low, high, equivalence, adjusted }: Contrast): string {
  const word = { yes: 'yes', opposite: 'no, the opposite', equivalent: 'equivalent', open: 'open' }[verdict];
  const interval = verdict === 'equivalent' ? equivalence : { low, high };
  const p = adjusted < 0.001 ? 'p < 0.001' : `p = ${adjusted.toFixed(3)}`;
  return `${word}: ${signed(difference)} (${signed(interval.low)} to ${signed(interval.high)}), ${p}`;
}

function points(fraction: number): string {
  return (100 * fraction).toFixed(1);
}

function signed(fraction: number): string {
  return `${fraction > 0 ? '+' : fraction < 0 ? '−' : ''}${points(Math.abs(fraction))}`;
}
