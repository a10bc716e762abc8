/** The heat map of a comparison: tensor kinds by layer. */
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import type { Cell } from '../figure/walk.js';
import { formatTimes, plural } from '../format.js';
import { checkbox, segmented } from '../kit.js';
import { formatMeasure, LEVEL_TEXT, measureLabel, type MeasureChoice } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { buildGrid, cellPlace, type HeatGrid, type TensorGrid } from './grid.js';
import { createHeatChart } from './heatChart.js';
import type { HeatStyle } from './paintHeat.js';

export interface HeatMap {
  element: HTMLElement;
  show(model: Model, view: ViewState): void;
  current(): { grid: HeatGrid; style: HeatStyle; choice: MeasureChoice; delta: number } | null;
  dispose(): void;
}

/** Few rows may be taller, so that the map is about as high as the figure beside it. */
const ROWS = { least: 17, most: 25, wanted: 290 };

/** Cosine is drawn as distance here: otherwise the brightest cells would be those that moved least. */
function choiceOf(view: ViewState): MeasureChoice {
  return {
    metric: view.metric,
    energyOver: view.energyOver,
    relativeOver: view.relativeOver,
    scale: view.metric === 'cosine' ? 'log' : view.scale,
  };
}

export function createHeatMap(context: PanelContext): HeatMap {
  const canvas = h('canvas', { 'data-testid': 'heat-canvas', 'aria-hidden': 'true' });
  const stage = h(
    'div',
    {
      class: 'heat-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'heat map',
      'data-testid': 'heat-map',
    },
    canvas,
  );
  const bar = h('canvas', { class: 'heat-bar', width: 160, height: 10, 'aria-hidden': 'true' });
  const low = h('span', { class: 'number' });
  const high = h('span', { class: 'number' });
  const scaleName = h('span', { class: 'muted' });
  const unchanged = h('span', { class: 'heat-key' }, h('i', { class: 'key-zero' }), 'unchanged');
  const noisyDot = h('i', { class: 'key-dot' });
  const noisyText = h('span');
  const noisy = h('span', { class: 'heat-key' }, noisyDot, noisyText);
  const legend = h(
    'div',
    { class: 'heat-legend', 'data-testid': 'heat-legend' },
    h('span', { class: 'heat-scale' }, low, bar, high),
    scaleName,
    unchanged,
    noisy,
  );
  const head = h('div', { class: 'heat-head' });
  const element = h('div', { class: 'heat' }, head, stage, legend);

  let model: Model | null = null;
  let view: ViewState | null = null;
  let grid: TensorGrid | null = null;

  const styleNow = (): HeatStyle => ({ log: choiceOf(view!).scale === 'log', rows: ROWS, noise: 'dot' });
  const deltaNow = () => Math.min(view!.heatDelta, model!.deltas.length - 1);

  const chart = createHeatChart(
    context,
    { stage, canvas, bar },
    {
      tooltip: (at) => tooltipOf(model!, grid!, choiceOf(view!), at),
      read: (at) => readCell(model!, grid!, choiceOf(view!), at),
      choose: select,
      unwind() {
        if (view === null || (view.depth === null && view.tensor === null)) return false;
        context.view.set({ depth: null, depthOnly: false, tensor: null });
        return true;
      },
    },
  );

  function select(at: Cell): void {
    const cell = grid?.rows[at.row]?.cells[at.column];
    if (cell === null || cell === undefined || grid === null || model === null || view === null) return;
    const only = cell.tensors.length === 1 ? cell.tensors[0]!.name : null;
    context.view.set({
      depth: grid.depths[at.column]!,
      depthOnly: true,
      ...(only === null ? {} : { tensor: only, detailDelta: view.heatDelta }),
    });
    context.announce(`Selected ${cellPlace(model, grid, at.row, at.column)}.`);
  }

  function showChart(): void {
    if (grid === null || model === null || view === null) return;
    const label = `${measureLabel(choiceOf(view))} by tensor kind and layer, ${model.deltas[deltaNow()]?.full ?? ''}, ${plural(grid.rows.length, 'kind')}.`;
    const column = view.depth === null ? -1 : grid.depths.indexOf(view.depth);
    chart.show({
      grid,
      style: styleNow(),
      description: `${label} Arrow keys move over the cells, Enter selects.`,
      column: column === -1 ? null : column,
      cell: cellOf(model, grid, view.tensor),
    });
  }

  function showLegend(): void {
    if (grid === null || view === null) return;
    const { range } = grid;
    const choice = choiceOf(view);
    bar.hidden = range === null;
    setText(low, range === null ? '' : formatMeasure(choice, range.min));
    setText(high, range === null ? '' : formatMeasure(choice, range.max));
    const log = choice.scale === 'log' ? ', log' : '';
    setText(scaleName, range === null ? 'No tensor has this update.' : `${measureLabel(choice)}${log}`);
    unchanged.hidden = range?.zero !== true;
    noisy.hidden = grid.noisy === 'none';
    noisyDot.hidden = grid.noisy === 'all';
    setText(noisyText, grid.noisy === 'all' ? 'all under 2× the rounding floor' : 'under 2× floor');
  }

  function showHead(): void {
    if (model === null || view === null) return;
    const { deltas } = model;
    replace(
      head,
      deltas.length < 2
        ? h('span', { class: 'muted' }, deltas[0]?.full ?? '')
        : segmented({
            label: 'Update',
            labelHidden: true,
            testId: 'heat-delta',
            choices: deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full })),
            value: String(deltaNow()),
            onChange: (value) => context.view.set({ heatDelta: Number(value) }),
          }).element,
      checkbox({
        label: 'Norms and biases',
        checked: view.heatMinor,
        testId: 'heat-minor',
        onChange: (on) => context.view.set({ heatMinor: on }),
      }).element,
    );
  }

  return {
    element,
    show(nextModel, nextView) {
      const before = view;
      const sameModel = model === nextModel;
      model = nextModel;
      view = nextView;
      const keys = ['metric', 'energyOver', 'relativeOver', 'scale', 'heatDelta', 'heatMinor'] as const;
      if (!sameModel) showHead();
      if (sameModel && before !== null && keys.every((key) => before[key] === nextView[key])) {
        if (before.depth !== view.depth || before.tensor !== view.tensor) showChart();
        return;
      }
      grid = buildGrid(model, choiceOf(view), deltaNow(), view.heatMinor);
      showChart();
      showLegend();
    },
    current: () =>
      grid === null || view === null || model === null
        ? null
        : { grid, style: styleNow(), choice: choiceOf(view), delta: deltaNow() },
    dispose: () => chart.dispose(),
  };
}

function cellOf(model: Model, grid: TensorGrid, name: string | null): Cell | null {
  const tensor = name === null ? undefined : model.byName.get(name);
  if (tensor === undefined || tensor.depth === null) return null;
  const column = grid.depths.indexOf(tensor.depth);
  const row = grid.rows.findIndex((one) => one.cells[column]?.tensors.includes(tensor) === true);
  return row === -1 || column === -1 ? null : { row, column };
}

function tooltipOf(model: Model, grid: TensorGrid, choice: MeasureChoice, { row, column }: Cell): Node[] {
  const line = grid.rows[row]!;
  const cell = line.cells[column];
  const title = h(
    'div',
    { class: 'tooltip-title' },
    h('strong', {}, line.kind.replace(/\.weight$/, '')),
    h('span', { class: 'muted' }, describeDepth(model, grid.depths[column]!)),
  );
  if (cell === null || cell === undefined) return [title, h('div', { class: 'muted' }, 'No such tensor here.')];
  const level = cell.level === 'clear' || cell.level === 'unknown' ? null : LEVEL_TEXT[cell.level];
  return [
    title,
    h(
      'div',
      {},
      `${measureLabel(choice)}: `,
      h('strong', {}, cell.value === null ? 'not compared' : formatMeasure(choice, cell.value)),
    ),
    h(
      'div',
      { class: 'muted' },
      [
        cell.ratio === null || cell.ratio === 0 ? null : `${formatTimes(cell.ratio)} floor`,
        level,
        cell.tensors.length > 1 ? `${plural(cell.tensors.length, 'tensor')} as one` : null,
      ]
        .filter((part) => part !== null)
        .join(' · '),
    ),
  ];
}

function readCell(model: Model, grid: TensorGrid, choice: MeasureChoice, at: Cell): string {
  const cell = grid.rows[at.row]!.cells[at.column] ?? null;
  const value = cell === null ? 'no tensor' : cell.value === null ? 'not compared' : formatMeasure(choice, cell.value);
  const level =
    cell === null || cell.level === 'clear' || cell.level === 'unknown' ? '' : `, ${LEVEL_TEXT[cell.level]}`;
  return `${cellPlace(model, grid, at.row, at.column)}: ${value}${level}`;
}
