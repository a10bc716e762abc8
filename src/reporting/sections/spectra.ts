/** In how many directions the weights moved. */
import { PAPER } from '../../../webview/exporters/palette.js';
import { REGION_NAMES } from '../../../webview/figure/regions.js';
import { SECTION_NAMES } from '../../../webview/figure/sections.js';
import { captionOf, linesDrawing, surfaceDrawing } from '../../../webview/spectrum/drawings.js';
import { metricFigure, overlapFigure } from '../../../webview/spectrum/figures.js';
import { type SpectrumModel, indexSpectra } from '../../../webview/spectrum/model.js';
import { rankSurface } from '../../../webview/spectrum/surfaceData.js';
import { DEFAULT_SPECTRUM_VIEW } from '../../../webview/spectrum/view.js';
import type { Cell, Figure, Finding, Section, Table } from '../document.js';
import { KIND_NAMES } from '../names.js';
import { say, type Sentence } from '../quantity.js';
import { estimate, nameOf, number, type Stored } from '../source.js';

type Source = Stored<'spectrum'>;

/** @param id unique in the report */
export function spectraSection(source: Source, id: string): Section {
  const model = indexSpectra(source.result);
  return {
    id,
    title: `In how many directions the weights moved: ${nameOf(source)}`,
    findings: model.deltas.flatMap((_, delta) => findingsOf(source, model, delta)),
    figures: figuresOf(model, id),
    tables: [
      spectraTable(source, model, id, 'regions'),
      spectraTable(source, model, id, 'layers'),
      ...(model.deltas.length > 1 ? [overlapTable(source, model, id)] : []),
    ],
    limits: limitsOf(source, model),
  };
}

function figuresOf(model: SpectrumModel, id: string): Figure[] {
  const title = KIND_NAMES.spectrum;
  const view = DEFAULT_SPECTRUM_VIEW;
  const caption = captionOf(model, view);
  const rank = (metric: 'stableRank' | 'effectiveRank', words: string): Figure => {
    const figure = metricFigure(model, { ...view, metric });
    return {
      id: `${id}-${metric === 'stableRank' ? 'stable' : 'effective'}-rank`,
      caption: say`${words} of the updates by layer: mean over its matrices, with their range, over what rounding alone would give.`,
      drawing: linesDrawing([figure], title, figure.title, caption, PAPER),
    };
  };
  const overlap = overlapFigure(model, 'all');
  return [
    rank('stableRank', 'Stable rank'),
    rank('effectiveRank', 'Effective rank'),
    ...model.deltas.map(({ index, full }) => ({
      id: `${id}-surface-${index + 1}`,
      caption: say`${full}: log(σᵢ / σ₁) by layer and rank. Hatched: inside the rounding floor.`,
      drawing: surfaceDrawing(title, rankSurface(model, index, 'all'), caption, PAPER),
    })),
    ...(overlap === null
      ? []
      : [
          {
            id: `${id}-overlap`,
            caption: say`How far two updates in a row move in the same directions, against directions at random.`,
            drawing: linesDrawing([overlap], title, overlap.title, caption, PAPER),
          },
        ]),
  ];
}

function findingsOf(source: Source, model: SpectrumModel, delta: number): Finding[] {
  const items = source.result.regions.flatMap(({ region, spectra }, index): Sentence[] => {
    const own = spectra[delta];
    if (!own?.stableRank) return [];
    const at = `/regions/${index}/spectra/${delta}`;
    const of = (field: string) => number(source, `${at}/${field}`, 'number');
    const single = own.effectiveRank === null ? '' : say`, effective rank ${of('effectiveRank/mean')}`;
    const effective = own.effectiveRank === null ? '' : say`, mean effective rank ${of('effectiveRank/mean')}`;
    const rounding =
      own.dominated === 0
        ? ''
        : say` In ${number(source, `${at}/dominated`, 'percent')} % of them rounding decides the stable rank more than training does.`;
    const count = number(source, `${at}/matrices`, 'count');
    return own.matrices === 1
      ? [say`${REGION_NAMES[region]}, ${count} matrix: stable rank ${of('stableRank/mean')}${single}.${rounding}`]
      : [
          say`${REGION_NAMES[region]}, ${count} matrices: mean stable rank ${of('stableRank/mean')} (range ${of('stableRank/low')} to ${of('stableRank/high')})${effective}.${rounding}`,
        ];
  });
  return items.length === 0 ? [] : [{ lead: say`${model.deltas[delta]!.full}:`, items }];
}

const METRICS = [
  ['stableRank', 'Stable rank'],
  ['floorStableRank', 'of rounding alone'],
  ['correctedStableRank', 'corrected'],
  ['effectiveRank', 'Effective rank'],
  ['relativeRank', 'Relative rank'],
  ['spectral', 'σ₁'],
  ['nuclear', 'Nuclear norm'],
] as const;

function spectraTable(source: Source, model: SpectrumModel, id: string, of: 'regions' | 'layers'): Table {
  const groups = source.result[of];
  return {
    id: `${id}-${of}`,
    caption:
      `Spectra of updates by ${of === 'regions' ? 'region' : 'layer'} (${nameOf(source)}): mean over matrices, ` +
      'with their range',
    folded: of === 'layers',
    columns: [
      { title: of === 'regions' ? 'Region' : 'Section' },
      ...(of === 'regions' ? [] : [{ title: 'Layer' }]),
      { title: 'Update' },
      { title: 'Matrices', numeric: true },
      ...METRICS.map(([, title]) => ({ title, numeric: true })),
      { title: 'Dominated, %', numeric: true },
    ],
    rows: groups.flatMap((group, index) =>
      model.deltas.flatMap(({ full }, delta): Cell[][] => {
        const at = `/${of}/${index}/spectra/${delta}`;
        const own = group.spectra[delta];
        if (!own) return [];
        return [
          [
            ...('section' in group
              ? [SECTION_NAMES[group.section], group.layer === null ? '' : String(group.layer)]
              : [`${REGION_NAMES[group.region]} (layers ${group.first}–${group.last})`]),
            full,
            number(source, `${at}/matrices`, 'count'),
            ...METRICS.map(([metric]) =>
              own[metric] === null ? null : estimate(source, `${at}/${metric}`, 'number', ['mean', 'low', 'high']),
            ),
            number(source, `${at}/dominated`, 'percent'),
          ],
        ];
      }),
    ),
    note: [
      'In parentheses: the range over the matrices, not an interval of an estimate. Dominated: the fraction of the matrices ' +
        'whose stable rank the rounding of storage decides more than training does.',
    ],
  };
}

function overlapTable(source: Source, model: SpectrumModel, id: string): Table {
  const pairs = model.deltas.slice(1).map(({ full }, index) => `${model.deltas[index]!.full} and ${full}`);
  return {
    id: `${id}-overlap`,
    caption: `Overlap of the leading directions of two updates in a row (${nameOf(source)}): mean squared cosine`,
    columns: [
      { title: 'Region' },
      { title: 'Updates' },
      { title: 'Outputs', numeric: true },
      { title: 'at random', numeric: true },
      { title: 'Inputs', numeric: true },
      { title: 'at random', numeric: true },
    ],
    rows: source.result.regions.flatMap(({ region, overlaps }, index) =>
      pairs.flatMap((pair, at): Cell[][] =>
        !overlaps[at]
          ? []
          : [
              [
                REGION_NAMES[region],
                pair,
                ...['left', 'leftChance', 'right', 'rightChance'].map((field) =>
                  number(source, `/regions/${index}/overlaps/${at}/${field}`, 'number'),
                ),
              ],
            ],
      ),
    ),
  };
}

function limitsOf(source: Source, model: SpectrumModel): Sentence[] {
  const { mode, filter } = source.result;
  const skipped = source.result.tensors.some(({ skipped: own }) => own.some((why) => why !== null));
  return [
    ...(mode === 'fast'
      ? [
          say`${nameOf(source)}: spectra are of the fast mode, whose numbers have errors of their own; the JSON has them.`,
        ]
      : []),
    ...(filter === null ? [] : [say`${nameOf(source)}: only weights that match ${filter} were analysed.`]),
    ...(skipped ? [say`${nameOf(source)}: some matrices have no spectrum; the JSON says why of each.`] : []),
    ...(model.regions.length === 0 ? [say`${nameOf(source)}: without language layers there are no regions.`] : []),
  ];
}
