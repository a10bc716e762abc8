/** How far the weights moved, and where. */
import { floorRatio, NEAR_FLOOR } from '../../protocol/floor.js';
import { layerDrawing, kindsDrawing } from '../../../webview/compare/drawings.js';
import { PAPER } from '../../../webview/exporters/palette.js';
import { REGION_NAMES } from '../../../webview/figure/regions.js';
import { SECTION_NAMES } from '../../../webview/figure/sections.js';
import { indexResult, type Model } from '../../../webview/state/model.js';
import { DEFAULT_VIEW } from '../../../webview/state/view.js';
import { type Cell, type Figure, type Finding, found, type Section, type Table } from '../document.js';
import { KIND_NAMES } from '../names.js';
import { say, type Sentence } from '../quantity.js';
import { derived, nameOf, number, type Stored } from '../source.js';

type Source = Stored<'compare'>;

/** @param id unique in the report */
export function updatesSection(source: Source, id: string): Section {
  const model = indexResult(source.result);
  return {
    id,
    title: `How far the weights moved: ${nameOf(source)}`,
    findings: model.deltas.flatMap((_, delta) => findingsOf(source, model, delta)),
    figures: figuresOf(model, id),
    tables: [groupsTable(source, model, id), layersTable(source, model, id)],
    limits: [
      ['Sizes of updates are sums over all weights and have no sampling error. One training is one draw.'],
      ...model.deltas.flatMap(({ full }, delta) => floorLimits(source, full, delta)),
    ],
  };
}

function figuresOf(model: Model, id: string): Figure[] {
  const title = KIND_NAMES.compare;
  const energy = { ...DEFAULT_VIEW, metric: 'energy', scale: 'log' } as const;
  return [
    {
      id: `${id}-energy`,
      caption: say`Energy of the updates by layer, mean ‖ΔW‖ of its matrices, over the rounding floor of storage.`,
      drawing: layerDrawing(model, title, energy, PAPER),
    },
    {
      id: `${id}-relative`,
      caption: say`Relative size of the updates by layer, ‖ΔW‖ / ‖W‖.`,
      drawing: layerDrawing(model, title, DEFAULT_VIEW, PAPER),
    },
    ...model.deltas.map(({ full }, delta) => ({
      id: `${id}-kinds-${delta + 1}`,
      caption: say`${full}: relative size by kind of matrix and layer.`,
      drawing: kindsDrawing(model, title, { ...DEFAULT_VIEW, heatDelta: delta }, PAPER),
    })),
  ];
}

/** What the tables are about: sections, and regions of the language layers. */
function groupsOf({ result }: Model) {
  return [
    ...result.sections.map((one, index) => ({ at: `/sections/${index}`, name: SECTION_NAMES[one.section], one })),
    ...result.regions.map((one, index) => ({
      at: `/regions/${index}`,
      name: `${REGION_NAMES[one.region]} (layers ${one.first}–${one.last})`,
      one,
    })),
  ];
}

/** The language layers as regions, where there are some. */
function partsOf(model: Model) {
  const { regions } = model.result;
  return groupsOf(model).filter(({ one }) => !('section' in one) || one.section !== 'language' || regions.length === 0);
}

function findingsOf(source: Source, model: Model, delta: number): Finding[] {
  const { full } = model.deltas[delta]!;
  const own = partsOf(model).flatMap(({ at, name, one }) => {
    const moved = one.deltas[delta];
    return (moved?.relative ?? null) === null
      ? []
      : [{ at: `${at}/deltas/${delta}`, weights: `${at}/weights`, name, fro: moved!.fro, relative: moved!.relative! }];
  });
  const [first] = own;
  if (first === undefined) return [];
  if (own.every(({ fro }) => fro === 0)) return [found(say`${full}: nothing changed, bit for bit.`)];
  const most = own.reduce((best, one) => (one.relative > best.relative ? one : best), first);
  const least = own.reduce((best, one) => (one.relative < best.relative ? one : best), first);
  const size = ({ at, name, weights }: typeof first) =>
    say`${name}, ‖ΔW‖ / ‖W‖ = ${number(source, `${at}/relative`, 'number')} (${number(source, `${at}/changed`, 'percent')} % of the weights in ${number(source, weights, 'count')} matrices differ)`;
  return [
    found(
      own.length === 1
        ? say`${full}: ${size(first)}.`
        : say`${full} is relatively largest in ${size(most)}, and smallest in ${size(least)}.`,
    ),
  ];
}

/** Layers of which rounding decides as much as training. */
function floorLimits(source: Source, name: string, delta: number): Sentence[] {
  const { layers } = source.result;
  const ratios = layers.flatMap(({ deltas }) => floorRatio(deltas[delta] ?? null) ?? []);
  const near = ratios.filter((ratio) => ratio < NEAR_FLOOR).length;
  if (near === 0) return [];
  return [
    say`${name}: ${derived(source, '/layers', 'count', `near-floor-${delta}`, near)} of ${derived(source, '/layers', 'count', `with-floor-${delta}`, ratios.length)} layers are under twice the rounding floor of their storage. Their sizes can be compared; their directions are mostly rounding.`,
  ];
}

function groupsTable(source: Source, model: Model, id: string): Table {
  return {
    id: `${id}-parts`,
    caption: `Updates by part of the model (${nameOf(source)}), all weights of two or more dimensions as one vector`,
    columns: [{ title: 'Part' }, { title: 'Update' }, ...COLUMNS.map(({ title }) => ({ title, numeric: true }))],
    rows: groupsOf(model).flatMap(({ at, name }) =>
      model.deltas.map(({ full }, delta): Cell[] => [name, full, ...cellsOf(source, `${at}/deltas/${delta}`)]),
    ),
    note: ['The floor is the expected norm of the noise that storing the later checkpoint once has added.'],
  };
}

const COLUMNS = [
  { title: '‖ΔW‖', field: 'fro', form: 'number' },
  { title: 'Mean per matrix', field: 'meanFro', form: 'number' },
  { title: '‖ΔW‖ / ‖W‖', field: 'relative', form: 'number' },
  { title: 'Changed, %', field: 'changed', form: 'percent' },
  { title: 'Floor', field: 'floor', form: 'number' },
] as const;

function cellsOf(source: Source, at: string): Cell[] {
  return COLUMNS.map(({ field, form }) => number(source, `${at}/${field}`, form));
}

function layersTable(source: Source, model: Model, id: string): Table {
  return {
    id: `${id}-layers`,
    caption: `Updates by layer (${nameOf(source)})`,
    folded: true,
    columns: [
      { title: 'Section' },
      { title: 'Layer' },
      { title: 'Update' },
      ...COLUMNS.map(({ title }) => ({ title, numeric: true })),
    ],
    rows: model.result.layers.flatMap(({ section, layer }, index) =>
      model.deltas.map(({ full }, delta): Cell[] => [
        SECTION_NAMES[section],
        layer === null ? '' : String(layer),
        full,
        ...cellsOf(source, `/layers/${index}/deltas/${delta}`),
      ]),
    ),
  };
}
