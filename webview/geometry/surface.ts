/** Layer by rank as a heat map: log(σᵢ/σ₁) of one update. What lies inside the rounding floor is dimmed and hatched. */
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import type { Cell } from '../figure/walk.js';
import { formatNumber, plural } from '../format.js';
import type { HeatGrid } from '../heatmap/grid.js';
import { createHeatChart } from '../heatmap/heatChart.js';
import type { HeatStyle } from '../heatmap/paintHeat.js';
import { describeDepth } from '../state/model.js';
import type { LogCell } from './figures.js';
import type { GeometryModel } from './model.js';
import { surfaceGrid, type RankSurface } from './surfaceData.js';

export interface SurfaceMap {
  element: HTMLElement;
  show(model: GeometryModel, surface: RankSurface, depth: number | null): void;
  dispose(): void;
}

/** As high together whatever number of ranks there is. */
export const RANK_STYLE: HeatStyle = { log: false, rows: { least: 3, most: 14, wanted: 250 }, noise: 'hatch' };

export function createSurfaceMap(
  context: PanelContext,
  options: { testId: string; onChoose(depth: number | null): void },
): SurfaceMap {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': `${options.testId}-canvas` });
  const stage = h(
    'div',
    {
      class: 'heat-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'heat map',
      'data-testid': options.testId,
    },
    canvas,
  );
  const bar = h('canvas', { class: 'heat-bar', width: 120, height: 10, 'aria-hidden': 'true' });
  const low = h('span', { class: 'number' });
  const floorKey = h('span', { class: 'heat-key' }, h('i', { class: 'key-hatch' }), h('span', {}));
  const emptyKey = h('span', { class: 'muted' });
  const legend = h(
    'div',
    { class: 'heat-legend' },
    h('span', { class: 'heat-scale' }, low, bar, h('span', { class: 'number' }, '0')),
    h('span', { class: 'muted' }, 'log(σᵢ / σ₁)'),
    floorKey,
    emptyKey,
  );
  const element = h('div', { class: 'heat' }, stage, legend);

  let model: GeometryModel | null = null;
  let surface: RankSurface | null = null;
  let grid: HeatGrid | null = null;
  let depth: number | null = null;

  const placeOf = ({ column }: Cell) => describeDepth(model!, surface!.depths[column]!);
  const wordsAt = (at: Cell) => wordsOf(surface!.rows[at.row]![at.column] ?? null);
  const chart = createHeatChart(
    context,
    { stage, canvas, bar },
    {
      page: 10,
      tooltip: (at) => [
        h(
          'div',
          { class: 'tooltip-title' },
          h('strong', {}, placeOf(at)),
          h('span', { class: 'muted' }, `rank ${at.row + 1}`),
        ),
        ...wordsAt(at).map((text) => h('div', {}, text)),
      ],
      read: (at) => `${placeOf(at)}, rank ${at.row + 1}: ${wordsAt(at).join(', ')}`,
      choose(at) {
        const wanted = surface!.depths[at.column]!;
        options.onChoose(wanted === depth ? null : wanted);
      },
      unwind() {
        if (depth === null) return false;
        options.onChoose(null);
        return true;
      },
    },
  );

  function showLegend(shown: RankSurface): void {
    setText(low, formatNumber(shown.least));
    emptyKey.hidden = shown.empty === 0;
    setText(emptyKey, `blank: ${plural(shown.empty, 'layer')} without an update`);
    floorKey.hidden = shown.insideShare === 0;
    replace(
      floorKey.lastElementChild!,
      shown.insideShare === 1 ? 'everything is inside the rounding floor' : 'inside the rounding floor',
    );
  }

  return {
    element,
    show(nextModel, next, nextDepth) {
      if (surface !== next || grid === null) {
        grid = surfaceGrid(next);
        showLegend(next);
      }
      model = nextModel;
      surface = next;
      depth = nextDepth;
      const column = depth === null ? -1 : next.depths.indexOf(depth);
      chart.show({
        grid,
        style: RANK_STYLE,
        description: `${next.title}: ${next.depths.length} layers by ${plural(next.ranks, 'rank')}. ${next.summary} Arrow keys move over the cells, Enter selects the layer.`,
        column: column === -1 ? null : column,
        cell: null,
      });
    },
    dispose: () => chart.dispose(),
  };
}

function wordsOf(cell: LogCell | null): string[] {
  if (cell === null) return ['no matrix has this rank'];
  return [
    `log(σᵢ / σ₁) = ${formatNumber(cell.value)}`,
    ...(cell.floor === null
      ? []
      : [`rounding alone: ${formatNumber(cell.floor)}${cell.inside ? ', which explains it' : ''}`]),
    `mean over ${plural(cell.matrices, 'matrix', 'matrices')}`,
  ];
}
