/** Function by layer as a heat map: the surface of the paper, seen from above. */
import type { PanelContext } from '../context.js';
import { h } from '../dom.js';
import type { LinePlace } from '../figure/lines.js';
import type { Cell } from '../figure/walk.js';
import { columnsOf, type HeatGrid } from '../heatmap/grid.js';
import { createHeatChart } from '../heatmap/heatChart.js';
import type { HeatStyle } from '../heatmap/paintHeat.js';
import { formatRate } from '../format.js';
import { intervalText } from './curves.js';
import { curveName, depthsOf, type Curve, type ProbeModel } from './model.js';

export interface Surface {
  element: HTMLElement;
  show(model: ProbeModel, curves: readonly Curve[], chosen: LinePlace | null): void;
  dispose(): void;
}

export const SURFACE_STYLE: HeatStyle = { log: false, rows: { least: 24, most: 24, wanted: 24 }, noise: 'dot' };
const PERCENT = { percent: true };

export function createSurface(context: PanelContext, onChoose: (choice: LinePlace | null) => void): Surface {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': 'surface-canvas' });
  const stage = h(
    'div',
    {
      class: 'heat-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'heat map',
      'data-testid': 'surface',
    },
    canvas,
  );
  const bar = h('canvas', { class: 'heat-bar', width: 160, height: 10, 'aria-hidden': 'true' });
  const legend = h(
    'div',
    { class: 'heat-legend' },
    h(
      'span',
      { class: 'heat-scale' },
      h('span', { class: 'number' }, '0%'),
      bar,
      h('span', { class: 'number' }, '100%'),
    ),
    h('span', { class: 'muted' }, 'of the answers changed'),
  );
  const element = h('div', { class: 'heat' }, stage, legend);

  let model: ProbeModel | null = null;
  let curves: readonly Curve[] = [];
  let depths: number[] = [];
  let chosen: LinePlace | null = null;

  const nameOf = ({ row }: Cell) => curveName(model!, curves[row]!);
  const pointAt = (at: Cell) => curves[at.row]?.points.find(({ depth }) => depth === depths[at.column]);
  const reading = (at: Cell): string => {
    const point = pointAt(at);
    return point === undefined
      ? 'not probed'
      : `${formatRate(point.value)} (${intervalText(PERCENT, point)})${point.n === null ? '' : `, n = ${point.n}`}`;
  };
  const chart = createHeatChart(
    context,
    { stage, canvas, bar },
    {
      blank: true,
      tooltip: (at) => [
        h(
          'div',
          { class: 'tooltip-title' },
          h('strong', {}, nameOf(at)),
          h('span', { class: 'muted' }, `layer ${depths[at.column]!}`),
        ),
        h('div', {}, reading(at)),
      ],
      read: (at) => `${nameOf(at)}, layer ${depths[at.column]!}: ${reading(at)}`,
      choose(at) {
        if (pointAt(at) === undefined) return;
        const choice = { x: depths[at.column]!, key: curves[at.row]!.key };
        onChoose(choice.x === chosen?.x && choice.key === chosen.key ? null : choice);
      },
      unwind() {
        if (chosen === null) return false;
        onChoose(null);
        return true;
      },
    },
  );

  return {
    element,
    show(nextModel, nextCurves, nextChosen) {
      model = nextModel;
      curves = nextCurves;
      chosen = nextChosen;
      depths = depthsOf(curves);
      const row = curves.findIndex((curve) => curve.key === chosen?.key);
      const column = depths.indexOf(chosen?.x ?? -1);
      chart.show({
        grid: surfaceGrid(model, curves),
        style: SURFACE_STYLE,
        description: `Fraction of answers that changed, ${curves.length} curves by ${depths.length} layers. Arrow keys move over the cells, Enter shows the samples.`,
        column: null,
        cell: row === -1 || column === -1 ? null : { row, column },
      });
    },
    dispose: () => chart.dispose(),
  };
}

export function surfaceGrid(model: ProbeModel, curves: readonly Curve[]): HeatGrid {
  const depths = depthsOf(curves);
  // A probe has language layers only, from 0; columns are told by depth, where the first one is 1.
  const { ticks } = columnsOf(
    depths.map((layer) => layer + 1),
    0,
  );
  return {
    depths,
    rows: curves.map((curve) => ({
      kind: curve.key,
      label: curveName(model, curve),
      group: 'other',
      cells: depths.map((depth) => {
        const point = curve.points.find((one) => one.depth === depth);
        // Zero is "unchanged" there; here it is a value like others.
        return point === undefined ? null : { value: Math.max(point.value, 1e-9), level: 'clear' };
      }),
    })),
    range: { min: 0, max: 1, zero: false },
    noisy: 'none',
    breaks: [],
    cuts: model.cuts.map((cut) => depths.indexOf(cut)).filter((column) => column > 0),
    sections: [],
    ticks,
  };
}
