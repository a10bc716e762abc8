/** How the weights moved step by step. */
import { PAPER } from '../../../webview/exporters/palette.js';
import { linesDrawing, stepsDrawing } from '../../../webview/trajectory/drawings.js';
import { modelOf, type TrajectoryModel } from '../../../webview/trajectory/model.js';
import { DEFAULT_TRAJECTORY_VIEW } from '../../../webview/trajectory/view.js';
import { type Cell, type Finding, found, type Section, type Table } from '../document.js';
import { KIND_NAMES } from '../names.js';
import { say } from '../quantity.js';
import { nameOf, number, type Stored } from '../source.js';

type Source = Stored<'trajectory'>;

/** Rows from which a table is folded. */
const LONG = 30;

/** @param id unique in the report */
export function trajectorySection(source: Source, id: string): Section {
  const { result } = source;
  const model = modelOf(result);
  const drawn = { ...DEFAULT_TRAJECTORY_VIEW, against: result.against };
  const title = KIND_NAMES.trajectory;
  return {
    id,
    title: `How the weights moved over time: ${nameOf(source)}`,
    findings: findingsOf(source),
    figures: [
      {
        id: `${id}-lines`,
        caption: say`Relative size of the update by step and part${result.directions ? ', and how alike its directions are to those of the last step' : ''}.`,
        drawing: linesDrawing(model, title, drawn, PAPER),
      },
      {
        id: `${id}-steps`,
        caption: say`Relative size of the update by step and layer.`,
        drawing: stepsDrawing(model, title, drawn, PAPER),
      },
    ],
    tables: [stepsTable(source, model, id)],
    limits: [
      ['A trajectory is of one training: another seed may go another way.'],
      ...result.leftOut.map(({ reason }) => say`${nameOf(source)}: a step was left out. ${reason}`),
    ],
  };
}

function findingsOf(source: Source): Finding[] {
  const { stages, whole, against, steps, directions } = source.result;
  const list = against === 'first' ? 'sinceFirst' : 'sincePrevious';
  const last = whole[list].length - 1;
  if (!whole[list][last]) return [];
  const at = `/whole/${list}/${last}`;
  const since = against === 'first' ? stages[0]!.label : 'the step before';
  const half = whole.sinceFirst.findIndex(
    (one) => one !== null && 2 * one.fro >= (whole.sinceFirst[last]?.fro ?? Infinity),
  );
  const first = stages[0]!.label;
  const said = [
    say`At the last step, ${number(source, `/steps/${steps.length - 1}`, 'count')}, all weights together have moved by ‖ΔW‖ / ‖W‖ = ${number(source, `${at}/relative`, 'number')} since ${since}; ${number(source, `${at}/changed`, 'percent')} % of the weights in ${number(source, '/whole/weights', 'count')} matrices differ.`,
    ...(half === -1 || steps.length < 3
      ? []
      : [
          say`Half of the final distance from ${first} is reached by step ${number(source, `/steps/${half + 1}`, 'count')}: ‖ΔW‖ = ${number(source, `/whole/sinceFirst/${half}/fro`, 'number')} of ${number(source, `/whole/sinceFirst/${last}/fro`, 'number')}.`,
        ]),
    ...(directions && typeof whole.similarity[0] === 'number' && steps.length > 2
      ? [
          say`After the first step the leading ${number(source, '/k', 'count')} directions are like those of the last by a mean squared cosine of ${number(source, '/whole/similarity/0', 'number')}, where directions at random have ${number(source, '/whole/chance', 'number')}.`,
        ]
      : []),
  ];
  return said.map(found);
}

function stepsTable(source: Source, model: TrajectoryModel, id: string): Table {
  const list = source.result.against === 'first' ? 'sinceFirst' : 'sincePrevious';
  const { regions, sections } = source.result;
  const groups = [
    { at: '/whole', name: 'All' },
    ...model.groups.map(({ key, name }) => {
      const region = regions.findIndex((one) => one.region === key);
      const section = sections.findIndex((one) => one.section === key);
      return { at: region === -1 ? `/sections/${section}` : `/regions/${region}`, name };
    }),
  ];
  return {
    id: `${id}-sizes`,
    caption:
      `Relative size of the update by step (${nameOf(source)}), ‖ΔW‖ / ‖W‖ ` +
      `${list === 'sinceFirst' ? 'since the first checkpoint' : 'since the one before'}`,
    folded: model.steps.length > LONG,
    columns: [
      { title: 'Step' },
      ...groups.map(({ name }) => ({ title: name, numeric: true })),
      ...(source.result.directions
        ? [
            { title: 'Stable rank', numeric: true },
            { title: 'Similarity', numeric: true },
          ]
        : []),
    ],
    rows: model.steps.map(({ step }, index): Cell[] => [
      String(step),
      ...groups.map(({ at }) => number(source, `${at}/${list}/${index}/relative`, 'number')),
      ...(source.result.directions
        ? [
            number(source, `/whole/stableRank/${index}`, 'number'),
            number(source, `/whole/similarity/${index}`, 'number'),
          ]
        : []),
    ]),
  };
}
