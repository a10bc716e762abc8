/**
 * Is a part necessary, does the rest suffice, and does it carry over? From one evaluation of IN, the unfrozen control
 * (RL),
 * every frozen run, and IN with the same layers taken from RL.
 *
 *   necessary      the run is worse than RL: without the part, the training does not reach as far
 *   sufficient     the run is better than IN: what did train suffices for a gain
 *   transferable   IN with the part from RL is better than IN, without any training
 *
 * Tests are McNemar's, exact when few answers differ, on the same questions; Holm's correction runs over all runs and
 * measures of one question. Where a difference is not shown, two one-sided tests say whether it is small: equivalent,
 * if the
 * 90 % interval of the paired difference lies within the margin. Else it is open, which is not "no effect".
 */
import type { EvaluateResult } from '../analyses/evaluate/result.js';
import type { AbilityName } from '../analyses/evaluate/request.js';
import { pairedDifference } from '../statistics/paired.js';
import { holm, mcnemar, wilson } from '../statistics/statistics.js';

/** `accuracy`: every question as it stands, with its image or as text, right or wrong. */
export type Measure = AbilityName | 'accuracy';
export const MEASURES: readonly Measure[] = ['vis', 'v2r', 'rea', 'accuracy'];

/** What a checkpoint of the evaluation is to the experiment. */
export interface ReportedRun {
  /** Key in the plan; the same for all seeds. */
  run: string;
  seed: number;
  /** Index into the evaluation's checkpoints. */
  checkpoint: number;
  /** Index of the control with the same seed. */
  control: number;
  /** Index of IN with these layers from that control; null where no stitch takes them. */
  transplant: number | null;
}

export interface FreezeReport {
  schema: 1;
  /** Half-width of what counts as equivalent, in fractions: 0.05 are 5 points. */
  margin: number;
  /** Labels of the evaluation's checkpoints: IN is the first. */
  labels: string[];
  scores: { checkpoint: number; measure: Measure; n: number; value: number; low: number; high: number }[];
  /** Whether RL gained anything on a measure; without a gain there is nothing to be necessary for. One per control. */
  gains: { measure: Measure; comparison: Contrast }[];
  rows: ReportRow[];
  warnings: string[];
}

export interface ReportRow {
  run: string;
  seed: number;
  measure: Measure;
  /** Against RL, below it. */
  necessary: Contrast;
  /** Against IN, above it. */
  sufficient: Contrast;
  /** The stitch against IN, above it; null where there is none. */
  transferable: Contrast | null;
}

/**
 * `yes`, `opposite`: shown, corrected for all comparisons. `equivalent`: within the margin. `open`: neither is shown.
 */
export type Verdict = 'yes' | 'opposite' | 'equivalent' | 'open';

export interface Contrast {
  checkpoint: number;
  against: number;
  n: number;
  /** Fraction of `checkpoint` minus fraction of `against`; 95 % interval, and the 90 % one of the equivalence test. */
  difference: number;
  low: number;
  high: number;
  equivalence: { low: number; high: number };
  won: number;
  lost: number;
  p: number;
  exact: boolean;
  /** By Holm, over all runs and measures of the same question. */
  adjusted: number;
  verdict: Verdict;
}

const LEVEL = 0.05;

/**
 * @param evaluation of IN (first), controls, frozen runs and stitches, on the same questions.
 * @param options.margin of equivalence, a fraction. @param options.doubts on what was frozen, as `reportStages` has
 * them
 */
export function freezeReport(
  evaluation: Pick<EvaluateResult, 'checkpoints' | 'questions' | 'warnings'>,
  runs: readonly ReportedRun[],
  { margin = 0.05, doubts = [] }: { margin?: number | undefined; doubts?: readonly string[] | undefined } = {},
): FreezeReport {
  const flags = new Map(MEASURES.map((measure) => [measure, flagsOf(measure, evaluation)]));
  const measures = MEASURES.filter((measure) => flags.get(measure)!.length > 0);
  const of = (measure: Measure, checkpoint: number, against: number, wanted: 1 | -1): Draft => ({
    measure,
    wanted,
    ...contrast(flags.get(measure)!, checkpoint, against),
  });
  const controls = [...new Set(runs.map(({ control }) => control))];
  const gains = controls.flatMap((control) => measures.map((measure) => of(measure, control, 0, 1)));
  const cells = runs.flatMap((run) => measures.map((measure) => ({ run, measure })));
  const necessary = cells.map(({ run, measure }) => of(measure, run.checkpoint, run.control, -1));
  const sufficient = cells.map(({ run, measure }) => of(measure, run.checkpoint, 0, 1));
  const transferable = cells.map(({ run, measure }) =>
    run.transplant === null ? undefined : of(measure, run.transplant, 0, 1),
  );
  const judgedGains = judge(gains, margin);
  const judged = {
    necessary: judge(necessary, margin),
    sufficient: judge(sufficient, margin),
    transferable: judge(
      transferable.filter((draft) => draft !== undefined),
      margin,
    ),
  };
  let stitched = 0;
  return {
    schema: 1,
    margin,
    labels: evaluation.checkpoints.map(({ label }) => label),
    scores: measures.flatMap((measure) =>
      evaluation.checkpoints.map((_, checkpoint) => scoreOf(measure, checkpoint, flags.get(measure)!)),
    ),
    gains: judgedGains.map((comparison, index) => ({ measure: gains[index]!.measure, comparison })),
    rows: cells.map(({ run, measure }, index) => ({
      run: run.run,
      seed: run.seed,
      measure,
      necessary: judged.necessary[index]!,
      sufficient: judged.sufficient[index]!,
      transferable: transferable[index] === undefined ? null : judged.transferable[stitched++]!,
    })),
    warnings: [
      ...doubts,
      ...evaluation.warnings,
      ...judgedGains.flatMap(({ verdict, checkpoint }, index) =>
        verdict === 'yes'
          ? []
          : [
              `${evaluation.checkpoints[checkpoint]!.label} is not shown to be better than IN on ` +
                `${gains[index]!.measure}: "necessary" has nothing to explain there.`,
            ],
      ),
    ],
  };
}

/** Per question of a measure: one flag per checkpoint. */
function flagsOf(measure: Measure, { questions }: Pick<EvaluateResult, 'questions'>): boolean[][] {
  return questions.flatMap(({ counts, right }) => {
    const flags = measure === 'accuracy' ? (right.image ?? right.text) : counts[measure];
    return flags === undefined ? [] : [flags];
  });
}

function scoreOf(measure: Measure, checkpoint: number, flags: readonly boolean[][]): FreezeReport['scores'][number] {
  const hits = flags.filter((row) => row[checkpoint]).length;
  return { checkpoint, measure, n: flags.length, value: hits / flags.length, ...wilson(hits, flags.length) };
}

interface Draft extends Omit<Contrast, 'adjusted' | 'verdict'> {
  measure: Measure;
  /** The direction that the question asks for. */
  wanted: 1 | -1;
}

function contrast(
  flags: readonly boolean[][],
  checkpoint: number,
  against: number,
): Omit<Contrast, 'adjusted' | 'verdict'> {
  const [before, after] = [flags.map((row) => row[against]!), flags.map((row) => row[checkpoint]!)];
  const { low, high } = pairedDifference(before, after, 1 - 2 * LEVEL);
  return {
    checkpoint,
    against,
    n: before.length,
    ...pairedDifference(before, after),
    equivalence: { low, high },
    ...mcnemar(before, after),
  };
}

/** Holm over all of them; then a verdict for each. */
function judge(drafts: readonly Draft[], margin: number): Contrast[] {
  const adjusted = holm(drafts.map(({ p }) => p));
  return drafts.map(({ measure: _, wanted, ...draft }, index) => {
    const shown = adjusted[index]! < LEVEL;
    const within = draft.equivalence.low > -margin && draft.equivalence.high < margin;
    const verdict: Verdict = shown
      ? Math.sign(draft.difference) === wanted
        ? 'yes'
        : 'opposite'
      : within
        ? 'equivalent'
        : 'open';
    return { ...draft, adjusted: adjusted[index]!, verdict };
  });
}
