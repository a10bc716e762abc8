/** Which layers were necessary, and whether what should have stayed frozen did. */
import type { Contrast, ReportRow } from '../../engine/freeze/report.js';
import { MEASURES } from '../../engine/freeze/report.js';
import { PAPER } from '../../../webview/exporters/palette.js';
import { contrastsDrawing } from '../../../webview/freeze/drawings.js';
import { QUESTIONS, VERDICT_WORDS } from '../../../webview/freeze/model.js';
import { type Cell, type Finding, found, type Section, type Table } from '../document.js';
import { KIND_NAMES, MEASURE_NAMES } from '../names.js';
import { say, type Sentence } from '../quantity.js';
import { derived, estimate, nameOf, number, type Stored } from '../source.js';

type Source = Stored<'freeze'>;

/** Runs and measures from which a table is folded. */
const LONG = 12;
type Question = (typeof QUESTIONS)[number]['key'];

/** @param id unique in the report */
export function freezeSection(source: Source, id: string): Section {
  const { result } = source;
  return {
    id,
    title: `Necessary, sufficient, transferable: ${nameOf(source)}`,
    findings: findingsOf(source),
    figures: [
      {
        id: `${id}-contrasts`,
        caption: say`Paired differences in points with 90 % intervals, against the band of equivalence of ±${number(source, '/margin', 'percent')} points.`,
        drawing: contrastsDrawing(result, KIND_NAMES.freeze, PAPER),
      },
    ],
    tables: [answersTable(source, id), scoresTable(source, id)],
    limits: limitsOf(source),
  };
}

const nameOfRow = ({ run, seed }: ReportRow, several: boolean) => (several ? `${run}, seed ${seed}` : run);

/** What a verdict claims, of each question. */
const CLAIMS: Readonly<Record<Question, Readonly<Record<Contrast['verdict'], string>>>> = {
  necessary: {
    yes: 'Necessary: with this part frozen, the training is worse than RL',
    opposite: 'Not necessary: with this part frozen, the training is better than RL',
    equivalent: 'Not necessary: with this part frozen, a difference from RL is not shown, and it is equivalent to RL',
    open: 'Open whether it is necessary: neither a difference from RL nor equivalence is shown',
  },
  sufficient: {
    yes: 'The rest suffices for a gain: with this part frozen, the training is better than IN',
    opposite: 'The rest does not suffice: with this part frozen, the training is worse than IN',
    equivalent:
      'The rest does not suffice: with this part frozen, a difference from IN is not shown, and it is equivalent to IN',
    open: 'Open whether the rest suffices: neither a difference from IN nor equivalence is shown',
  },
  transferable: {
    yes: 'Transferable: with these layers of RL, IN is better',
    opposite: 'Not transferable: with these layers of RL, IN is worse',
    equivalent:
      'Not transferable: with these layers of RL, a difference from IN is not shown, and it is equivalent to IN',
    open: 'Open whether it is transferable: neither a difference from IN nor equivalence is shown',
  },
};
const VERDICTS = ['yes', 'opposite', 'equivalent', 'open'] as const;

function findingsOf(source: Source): Finding[] {
  const { rows, gains, labels } = source.result;
  const several = new Set(rows.map(({ seed }) => seed)).size > 1;
  const gained = gains.map(({ measure, comparison }, index) => {
    const name = `${labels[comparison.checkpoint]!}, ${MEASURE_NAMES[measure].toLowerCase()}`;
    return say`${name}: ${contrastText(source, `/gains/${index}/comparison`, comparison)}.`;
  });
  const answered = QUESTIONS.flatMap(({ key }) =>
    VERDICTS.flatMap((verdict): Finding[] => {
      const items = rows.flatMap((row, index): Sentence[] => {
        const contrast = row[key];
        if (contrast?.verdict !== verdict) return [];
        const name = `${nameOfRow(row, several)}, ${MEASURE_NAMES[row.measure].toLowerCase()}`;
        return [say`${name}: ${contrastText(source, `/rows/${index}/${key}`, contrast)}.`];
      });
      return items.length === 0 ? [] : [{ lead: [`${CLAIMS[key][verdict]}.`], items }];
    }),
  );
  return [...(gained.length === 0 ? [] : [{ lead: say`Against ${labels[0]!}:`, items: gained }]), ...answered];
}

function contrastText(source: Source, at: string, { verdict }: Contrast): Sentence {
  const difference = estimate(source, at, 'points', ['difference', 'low', 'high']);
  const low = number(source, `${at}/equivalence/low`, 'points');
  const high = number(source, `${at}/equivalence/high`, 'points');
  const p = number(source, `${at}/adjusted`, 'test');
  const isShown = verdict === 'yes' || verdict === 'opposite';
  const interval = isShown ? '' : say`, not shown, 90 % interval ${low} to ${high}`;
  return say`${difference}${interval}, ${p} (McNemar, Holm's correction, n = ${number(source, `${at}/n`, 'count')})`;
}

function answersTable(source: Source, id: string): Table {
  const { rows } = source.result;
  const several = new Set(rows.map(({ seed }) => seed)).size > 1;
  return {
    id: `${id}-answers`,
    caption: `Necessary, sufficient, transferable (${nameOf(source)}): paired differences in points, with 95 % intervals`,
    columns: [
      { title: 'Frozen' },
      { title: 'Measure' },
      { title: 'Question' },
      { title: 'Answer' },
      { title: 'Difference', numeric: true },
      { title: '90 % low', numeric: true },
      { title: '90 % high', numeric: true },
      { title: 'Won', numeric: true },
      { title: 'Lost', numeric: true },
      { title: 'n', numeric: true },
      { title: 'p', numeric: true },
      { title: 'p (Holm)', numeric: true },
    ],
    folded: rows.length > LONG,
    rows: rows.flatMap((row, index) =>
      QUESTIONS.flatMap(({ key, title }): Cell[][] => {
        const contrast = row[key];
        if (contrast === null) return [];
        const at = `/rows/${index}/${key}`;
        return [
          [
            nameOfRow(row, several),
            MEASURE_NAMES[row.measure],
            title,
            VERDICT_WORDS[contrast.verdict],
            estimate(source, at, 'points', ['difference', 'low', 'high']),
            number(source, `${at}/equivalence/low`, 'points'),
            number(source, `${at}/equivalence/high`, 'points'),
            number(source, `${at}/won`, 'count'),
            number(source, `${at}/lost`, 'count'),
            number(source, `${at}/n`, 'count'),
            number(source, `${at}/p`, 'probability'),
            number(source, `${at}/adjusted`, 'probability'),
          ],
        ];
      }),
    ),
    note: say`McNemar's test, exact when few answers differ; Holm corrects over all runs and measures of a question. Equivalent: the 90 % interval lies within ±${number(source, '/margin', 'percent')} points. Open: neither is shown, which does not mean that there is no effect.`,
  };
}

function scoresTable(source: Source, id: string): Table {
  const { labels, scores } = source.result;
  const measures = MEASURES.filter((measure) => scores.some((score) => score.measure === measure));
  return {
    id: `${id}-scores`,
    caption: `Scores of the freeze experiment (${nameOf(source)}) in per cent, with 95 % intervals`,
    columns: [
      { title: 'Checkpoint' },
      ...measures.flatMap((measure) => [
        { title: `${MEASURE_NAMES[measure]}, %`, numeric: true },
        { title: `n (${MEASURE_NAMES[measure].toLowerCase()})`, numeric: true },
      ]),
    ],
    rows: labels.map((label, checkpoint) => [
      label,
      ...measures.flatMap((measure): Cell[] => {
        const index = scores.findIndex((score) => score.checkpoint === checkpoint && score.measure === measure);
        if (index === -1) return [null, null];
        return [estimate(source, `/scores/${index}`, 'percent'), number(source, `/scores/${index}/n`, 'count')];
      }),
    ]),
  };
}

function limitsOf(source: Source): Sentence[] {
  const seeds = new Set(source.result.rows.map(({ seed }) => seed)).size;
  return [
    ...(seeds === 1
      ? [
          say`${nameOf(source)}: one seed per training. A training has more chance in it than a test over questions can see.`,
        ]
      : [
          say`${nameOf(source)}: each seed has rows of its own; ${derived(source, '/rows', 'count', 'seeds', seeds)} seeds are few draws of a training.`,
        ]),
    ...(source.result.rows.some(({ transferable }) => transferable === null)
      ? [say`${nameOf(source)}: where no stitch takes the layers, transfer was not measured.`]
      : []),
  ];
}

/** @param id unique in the report */
export function verificationSection(source: Stored<'verification'>, id: string): Section {
  const { runs } = source.result;
  const own = runs.flatMap(({ run, verification }, index) =>
    verification === null
      ? []
      : [{ name: run === '' ? nameOf(source) : run, verification, at: `/runs/${index}/verification` }],
  );
  return {
    id,
    title: `What stayed frozen: ${nameOf(source)}`,
    findings: own.map(({ name, verification, at }) => {
      const { frozen, moved, missing, passed } = verification;
      const tensors = number(source, `${at}/frozen/tensors`, 'count');
      if (frozen.tensors === 0) return found(say`${name}: nothing was to stay frozen.`);
      if (!passed) {
        const [gone, lost] = [
          derived(source, `${at}/moved`, 'count', 'length', moved.length),
          derived(source, `${at}/missing`, 'count', 'length', missing.length),
        ];
        return found(
          say`${name}: of ${tensors} tensors that should have stayed, ${gone} moved and ${lost} are missing. What this training says of the frozen part is void.`,
        );
      }
      const rounded = number(source, `${at}/frozen/rounded`, 'count');
      return found(
        frozen.rounded > 0
          ? say`${name}: all ${tensors} frozen tensors are as in IN, ${rounded} of them only once IN is rounded, which proves less.`
          : say`${name}: all ${tensors} frozen tensors are bit-identical to IN.`,
      );
    }),
    figures: [],
    tables: [
      {
        id: `${id}-runs`,
        caption: `Frozen weights (${nameOf(source)}), compared bit for bit`,
        columns: [
          { title: 'Run' },
          { title: 'Passed' },
          { title: 'Frozen tensors', numeric: true },
          { title: 'Parameters', numeric: true },
          { title: 'Moved', numeric: true },
          { title: 'Missing', numeric: true },
          { title: 'Equal once rounded', numeric: true },
        ],
        rows: own.map(({ name, verification, at }) => [
          name,
          verification.passed ? 'yes' : 'no',
          number(source, `${at}/frozen/tensors`, 'count'),
          number(source, `${at}/frozen/parameters`, 'count'),
          derived(source, `${at}/moved`, 'count', 'length', verification.moved.length),
          derived(source, `${at}/missing`, 'count', 'length', verification.missing.length),
          number(source, `${at}/frozen/rounded`, 'count'),
        ]),
      },
    ],
    limits: runs
      .filter(({ verification }) => verification === null)
      .map(({ run }) => say`${run}: there is no result to verify yet.`),
  };
}
