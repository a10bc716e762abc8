/** Abilities of checkpoints, of stitches and along a sweep. */
import { ABILITIES, type Comparison, type EvaluateResult, SETTINGS } from '../../engine/analyses/evaluate/result.js';
import { mainReference, SIGNIFICANT } from '../../protocol/evaluationReading.js';
import { PAPER } from '../../../webview/exporters/palette.js';
import { abilitiesDrawing } from '../../../webview/transfer/drawings.js';
import { modelOf, SETTING_NAMES } from '../../../webview/transfer/model.js';
import { type Cell, type Finding, found, type Section, type Table } from '../document.js';
import { equivalenceOf, MARGIN } from '../equivalence.js';
import { KIND_NAMES, MEASURE_NAMES } from '../names.js';
import { type Estimate, say, type Sentence } from '../quantity.js';
import { derived, estimate, nameOf, number, type Stored } from '../source.js';

type Source = Stored<'evaluate' | 'transfer' | 'sweep'>;

/** Questions from which intervals are narrow enough to need no remark. */
const MANY = 200;
/** Rows from which a table is folded. */
const LONG = 30;

/** @param id unique in the report */
export function abilitiesSection(source: Source, id: string): Section {
  const { result, kind } = source;
  const reference = mainReference(result);
  const title = `${KIND_NAMES[kind]}: ${nameOf(source)}`;
  const drawing = abilitiesDrawing(modelOf(result), title, reference, PAPER);
  return {
    id,
    title,
    findings: findingsOf(source, reference),
    figures:
      result.scores.length === 0 ? [] : [{ id, caption: say`${captionOf(source)} Bars are 95 % intervals.`, drawing }],
    tables: [
      scoresTable(source, id),
      ...(result.comparisons.length === 0 ? [] : [comparisonsTable(source, id)]),
      ...(result.accuracies.length === 0 ? [] : [accuraciesTable(source, id)]),
      ...(result.passes === undefined ? [] : [passesTable(source, id)]),
      ...(result.agreement === undefined ? [] : [agreementTable(source, id)]),
      ...(result.variants === undefined ? [] : [variantsTable(source, id)]),
    ],
    limits: limitsOf(source),
  };
}

function captionOf({ result, kind }: Source): string {
  if (kind === 'sweep') return `Abilities by ${result.axis?.name === 'alpha' ? 'α' : 'cut'}.`;
  return kind === 'transfer' ? 'Abilities by which checkpoint gives each region.' : 'Abilities of the checkpoints.';
}

const abilitiesIn = ({ scores }: EvaluateResult) =>
  ABILITIES.filter((ability) => scores.some((score) => score.ability === ability));

/** With several answers per question, what is stored of a comparison does not tell its 90 % interval. */
function hasSeveralAnswers({ passes, questions }: EvaluateResult): boolean {
  return passes !== undefined || questions.some(({ sampled }) => sampled !== undefined);
}

function findingsOf(source: Source, reference: number | null): Finding[] {
  const { result, behind } = source;
  if (behind) return [];
  if (reference === null)
    return result.scores.map(({ checkpoint, ability }, index) => {
      const name = `${result.checkpoints[checkpoint]!.label}, ${MEASURE_NAMES[ability].toLowerCase()}`;
      const n = number(source, `/scores/${index}/n`, 'count');
      return found(say`${name}: ${estimate(source, `/scores/${index}`, 'percent')} of n = ${n} questions.`);
    });
  return abilitiesIn(result).flatMap((ability) => {
    const compared = result.comparisons
      .map((comparison, index) => ({ comparison, index }))
      .filter(({ comparison }) => comparison.ability === ability && comparison.against === reference);
    const [first] = compared;
    if (first === undefined) return [];
    const n = number(source, `/comparisons/${first.index}/n`, 'count');
    const holm = compared.length > 1 ? ", Holm's correction over all compared with it" : '';
    const lead = say`${MEASURE_NAMES[ability]}, against ${result.checkpoints[reference]!.label}, on the same n = ${n} questions (${testName(result, first.comparison)}${holm}):`;
    // What is shown stands first.
    const ordered = compared.toSorted((a, b) => Number(isShown(b.comparison)) - Number(isShown(a.comparison)));
    return [{ lead, items: ordered.map(({ comparison, index }) => comparedText(source, comparison, index)) }];
  });
}

const isShown = ({ adjusted }: Comparison) => adjusted < SIGNIFICANT;

function testName(result: EvaluateResult, { exact }: Comparison): string {
  if (hasSeveralAnswers(result)) return 'sign-flip test over questions';
  return exact ? "McNemar's exact test" : "McNemar's test";
}

function comparedText(source: Source, comparison: Comparison, index: number): Sentence {
  const { label } = source.result.checkpoints[comparison.checkpoint]!;
  const p = number(source, `/comparisons/${index}/adjusted`, 'test');
  const difference = say`${differenceOf(source, index)}, ${p}`;
  if (isShown(comparison)) return say`${label} is ${comparison.difference > 0 ? 'better' : 'worse'}: ${difference}.`;
  const open = say`${label}: a difference is not shown: ${difference}`;
  if (hasSeveralAnswers(source.result)) return say`${open}.`;
  const { low, high, word } = equivalenceAt(source, comparison, index);
  return say`${open}; 90 % interval ${low} to ${high}: ${word}.`;
}

/** Whether the difference is shown to be small, and from which interval. */
function equivalenceAt(source: Source, comparison: Comparison, index: number) {
  const { low, high, within } = equivalenceOf(comparison);
  const at = `/comparisons/${index}`;
  return {
    low: derived(source, at, 'points', 'equivalence-low', low),
    high: derived(source, at, 'points', 'equivalence-high', high),
    word: within ? `equivalent within ±${100 * MARGIN} points` : 'open',
  };
}

function differenceOf(source: Source, index: number): Estimate {
  return estimate(source, `/comparisons/${index}`, 'points', ['difference', 'low', 'high']);
}

function scoresTable(source: Source, id: string): Table {
  const { checkpoints, scores } = source.result;
  const abilities = abilitiesIn(source.result);
  return {
    id: `${id}-scores`,
    caption: `${KIND_NAMES[source.kind]} (${nameOf(source)}): fraction of questions in per cent, with 95 % intervals`,
    columns: [
      { title: 'Checkpoint' },
      ...abilities.flatMap((ability) => [
        { title: `${MEASURE_NAMES[ability]}, %`, numeric: true },
        { title: `n (${MEASURE_NAMES[ability].toLowerCase()})`, numeric: true },
      ]),
    ],
    rows: checkpoints.map(({ label }, checkpoint) => [
      label,
      ...abilities.flatMap((ability): Cell[] => {
        const index = scores.findIndex((score) => score.checkpoint === checkpoint && score.ability === ability);
        if (index === -1) return [null, null];
        return [estimate(source, `/scores/${index}`, 'percent'), number(source, `/scores/${index}/n`, 'count')];
      }),
    ]),
    note: [
      'Vision: right with the image, wrong with a black one. Vision to reasoning: right with the image, and right with ' +
        "its description in its place. Reasoning: right on text alone. Intervals are Wilson's" +
        (hasSeveralAnswers(source.result)
          ? ', or bootstrap intervals over questions where these have several answers'
          : '') +
        '.',
    ],
  };
}

function comparisonsTable(source: Source, id: string): Table {
  const { checkpoints, comparisons } = source.result;
  const several = hasSeveralAnswers(source.result);
  return {
    id: `${id}-comparisons`,
    caption: `${KIND_NAMES[source.kind]} (${nameOf(source)}): paired differences in points, with 95 % intervals`,
    columns: [
      { title: 'Checkpoint' },
      { title: 'Against' },
      { title: 'Ability' },
      { title: 'Difference', numeric: true },
      { title: 'Won', numeric: true },
      { title: 'Lost', numeric: true },
      { title: 'n', numeric: true },
      { title: 'p', numeric: true },
      { title: 'p (Holm)', numeric: true },
      ...(several
        ? []
        : [
            { title: '90 % low', numeric: true },
            { title: '90 % high', numeric: true },
          ]),
      { title: 'Shown' },
    ],
    folded: comparisons.length > LONG,
    rows: comparisons.map((comparison, index) => {
      const at = (name: string, form: 'count' | 'probability') => number(source, `/comparisons/${index}/${name}`, form);
      const { low, high, word } = equivalenceAt(source, comparison, index);
      const shown = isShown(comparison);
      return [
        checkpoints[comparison.checkpoint]!.label,
        checkpoints[comparison.against]!.label,
        MEASURE_NAMES[comparison.ability],
        differenceOf(source, index),
        at('ft', 'count'),
        at('tf', 'count'),
        at('n', 'count'),
        at('p', 'probability'),
        at('adjusted', 'probability'),
        ...(several ? [] : [low, high]),
        shown ? (comparison.difference > 0 ? 'better' : 'worse') : several ? 'not shown' : word,
      ];
    }),
    note: [
      (several ? 'Sign-flip test over questions. ' : "McNemar's test, exact when few questions differ. ") +
        'Holm corrects over all comparisons of an ability against the same checkpoint. ' +
        (several
          ? 'Not shown does not mean equal.'
          : `Where no difference is shown, equivalent means that the 90 % interval lies within ±${100 * MARGIN} points; ` +
            'open means that neither is shown. It does not mean that there is no effect.'),
    ],
  };
}

function accuraciesTable(source: Source, id: string): Table {
  const { checkpoints, accuracies, sets } = source.result;
  const settings = SETTINGS.filter((setting) => accuracies.some((one) => one.setting === setting));
  return {
    id: `${id}-accuracies`,
    folded: true,
    caption:
      `${KIND_NAMES[source.kind]} (${nameOf(source)}): right answers in per cent by set and setting, with 95 % ` +
      'intervals',
    columns: [
      { title: 'Checkpoint' },
      { title: 'Set' },
      { title: 'n', numeric: true },
      ...settings.map((setting) => ({ title: `${SETTING_NAMES[setting]}, %`, numeric: true })),
    ],
    rows: checkpoints.flatMap(({ label }, checkpoint) =>
      sets.flatMap(({ name }): Cell[][] => {
        const at = settings.map((setting) =>
          accuracies.findIndex((one) => one.checkpoint === checkpoint && one.set === name && one.setting === setting),
        );
        const first = at.find((index) => index !== -1);
        if (first === undefined) return [];
        return [
          [
            label,
            name,
            number(source, `/accuracies/${first}/n`, 'count'),
            ...at.map((index) => (index === -1 ? null : estimate(source, `/accuracies/${index}`, 'percent'))),
          ],
        ];
      }),
    ),
  };
}

function agreementTable(source: Source, id: string): Table {
  const { checkpoints, agreement = [] } = source.result;
  return {
    id: `${id}-agreement`,
    caption: `${KIND_NAMES[source.kind]} (${nameOf(source)}): agreement of the rules and the second judge`,
    columns: [
      { title: 'Checkpoint' },
      { title: "Cohen's κ", numeric: true },
      { title: 'Agree, %', numeric: true },
      { title: 'Both right', numeric: true },
      { title: 'Rules only', numeric: true },
      { title: 'Judge only', numeric: true },
      { title: 'Both wrong', numeric: true },
      { title: 'Answers', numeric: true },
      { title: 'Questions', numeric: true },
    ],
    rows: agreement.map(({ checkpoint, kappa }, index) => {
      const at = `/agreement/${index}`;
      const of = (name: string) => number(source, `${at}/${name}`, 'count');
      return [
        checkpoint === null ? 'all' : checkpoints[checkpoint]!.label,
        kappa === null ? null : estimate(source, at, 'number', ['kappa', 'low', 'high']),
        number(source, `${at}/observed`, 'percent'),
        of('bothRight'),
        of('rulesOnly'),
        of('graderOnly'),
        of('bothWrong'),
        of('n'),
        of('questions'),
      ];
    }),
    note: ['95 % intervals over questions. Without a value: both call everything right, or everything wrong.'],
  };
}

function passesTable(source: Source, id: string): Table {
  const { checkpoints, passes = [] } = source.result;
  return {
    id: `${id}-passes`,
    caption: `${KIND_NAMES[source.kind]} (${nameOf(source)}): pass@k in per cent, with 95 % intervals over questions`,
    columns: [
      { title: 'Checkpoint' },
      { title: 'Ability' },
      { title: 'k', numeric: true },
      { title: 'pass@k, %', numeric: true },
      { title: 'n', numeric: true },
    ],
    rows: passes.map(({ checkpoint, ability }, index) => [
      checkpoints[checkpoint]!.label,
      MEASURE_NAMES[ability],
      number(source, `/passes/${index}/k`, 'count'),
      estimate(source, `/passes/${index}`, 'percent'),
      number(source, `/passes/${index}/n`, 'count'),
    ]),
  };
}

function variantsTable(source: Source, id: string): Table {
  const { checkpoints, variants = [] } = source.result;
  return {
    id: `${id}-variants`,
    caption:
      `${KIND_NAMES[source.kind]} (${nameOf(source)}): questions in several variants, in per cent, with 95 % ` +
      'intervals',
    columns: [
      { title: 'Checkpoint' },
      { title: 'Set' },
      { title: 'Setting' },
      { title: 'Mean, %', numeric: true },
      { title: 'Worst case, %', numeric: true },
      { title: 'Questions', numeric: true },
    ],
    rows: variants.map(({ checkpoint, of, setting }, index) => [
      checkpoints[checkpoint]!.label,
      of,
      SETTING_NAMES[setting],
      estimate(source, `/variants/${index}`, 'percent', ['mean', 'meanLow', 'meanHigh']),
      estimate(source, `/variants/${index}`, 'percent', ['worst', 'worstLow', 'worstHigh']),
      number(source, `/variants/${index}/questions`, 'count'),
    ]),
  };
}

function limitsOf(source: Source): Sentence[] {
  const { result } = source;
  const missing = ABILITIES.filter((ability) => !result.scores.some((score) => score.ability === ability));
  const least = result.scores.reduce((best, { n }, index, all) => (n < all[best]!.n ? index : best), 0);
  return [
    ...(missing.length === 0
      ? []
      : [
          say`${nameOf(source)}: ${missing.map((ability) => MEASURE_NAMES[ability].toLowerCase()).join(' and ')} not measured, since no set of it allows that.`,
        ]),
    ...(result.scores.length === 0 || result.scores[least]!.n >= MANY
      ? []
      : [
          say`${nameOf(source)}: with n = ${number(source, `/scores/${least}/n`, 'count')} questions, 95 % intervals reach about ${derived(source, `/scores/${least}/n`, 'percent', 'half-width', 1 / Math.sqrt(result.scores[least]!.n))} points to either side: smaller differences cannot be resolved.`,
        ]),
    ...(result.regrade === undefined
      ? []
      : [
          say`${nameOf(source)}: stored answers of the run ${result.regrade.runId} were judged again; the verdict of ${number(source, '/regrade/changed', 'count')} of ${number(source, '/regrade/answers', 'count')} answers is another one now.`,
        ]),
    ...(result.describer === null
      ? []
      : [
          say`${nameOf(source)}: images were described by ${result.describer}, so that vision to reasoning rests on its descriptions.`,
        ]),
  ];
}
