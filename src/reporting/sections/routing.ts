/** Whether tokens go through other experts after a training. */
import { PAPER } from '../../../webview/exporters/palette.js';
import { routingFigures } from '../../../webview/probe/choice.js';
import { linesDrawing } from '../../../webview/probe/drawings.js';
import { indexProbes } from '../../../webview/probe/model.js';
import { type Cell, type Finding, found, type Section } from '../document.js';
import { KIND_NAMES } from '../names.js';
import { say } from '../quantity.js';
import { derived, estimate, nameOf, number, type Stored } from '../source.js';

type Source = Stored<'routing'>;

const INTERVAL = ['changed', 'low', 'high'] as const;

/** @param id unique in the report */
export function routingSection(source: Source, id: string): Section {
  const { result, kind } = source;
  const drawing = linesDrawing(
    indexProbes([result]),
    KIND_NAMES[kind],
    'routing',
    routingFigures(indexProbes([result])),
    PAPER,
  );
  return {
    id,
    title: `Which experts tokens go through: ${nameOf(source)}`,
    findings: findingsOf(source),
    figures:
      drawing === null
        ? []
        : [
            {
              id: `${id}-layers`,
              caption: say`Tokens of the prompt that go through another set of experts, by language layer, with 95 % intervals.`,
              drawing,
            },
          ],
    tables: [
      {
        id: `${id}-changed`,
        caption: `Tokens that go through other experts (${nameOf(source)}), in per cent, with 95 % intervals`,
        columns: [
          { title: 'Layer' },
          { title: 'All, %', numeric: true },
          { title: 'Text, %', numeric: true },
          { title: 'Visual, %', numeric: true },
          { title: 'Samples', numeric: true },
        ],
        folded: true,
        rows: result.layers.map(({ depth, visual }, index): Cell[] => [
          String(depth),
          estimate(source, `/layers/${index}/all`, 'percent', INTERVAL),
          estimate(source, `/layers/${index}/text`, 'percent', INTERVAL),
          visual === null ? null : estimate(source, `/layers/${index}/visual`, 'percent', INTERVAL),
          number(source, `/layers/${index}/all/n`, 'count'),
        ]),
        note: ['Mean over samples of the fraction of their tokens, with bootstrap intervals.'],
      },
    ],
    limits: [],
  };
}

function findingsOf(source: Source): Finding[] {
  const { checkpoints, layers, samples } = source.result;
  if (layers.length === 0) return [];
  const most = layers.reduce((best, { all }, index) => (all.changed > layers[best]!.all.changed ? index : best), 0);
  const [from, to] = [checkpoints[0]!.label, checkpoints.at(-1)!.label];
  const n = derived(source, '/samples', 'count', 'length', samples.length);
  const layer = number(source, `/layers/${most}/depth`, 'count');
  return [
    found(
      say`${to} against ${from}, over n = ${n} samples: most tokens go through another set of experts at layer ${layer}, ${estimate(source, `/layers/${most}/all`, 'percent', INTERVAL)} of them.`,
    ),
  ];
}
