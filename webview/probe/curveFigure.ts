/** Curves over the language layers on screen: what a point says, and where it leads. */
import type { PanelContext } from '../context.js';
import { h } from '../dom.js';
import { createLineView } from '../figure/lineView.js';
import { lineSwatch } from '../figure/swatch.js';
import type { LinePlace } from '../figure/lines.js';
import { REGION_NAMES } from '../figure/regions.js';
import { describeCurves, intervalText, readDepth, valueText, type CurveFigure } from './curves.js';
import { regionOf, type ProbeModel } from './model.js';

export interface CurveChart {
  element: HTMLElement;
  show(model: ProbeModel, figure: CurveFigure, chosen: LinePlace | null): void;
  dispose(): void;
}

export function createCurveChart(
  context: PanelContext,
  options: { testId: string; onChoose: ((place: LinePlace | null) => void) | null; low?: boolean },
): CurveChart {
  let model: ProbeModel | null = null;
  const chart = createLineView<CurveFigure>(context, {
    ...options,
    describe: (figure) =>
      `${describeCurves(figure)} Left and right walk the layers, up and down the curves${options.onChoose === null ? '' : ', Enter shows the samples behind a point'}.`,
    tooltip: (figure, at) => tooltip(model!, figure, at, options.onChoose !== null),
    read: (figure, at) => readDepth(model!, figure, at.x, at.key),
  });
  return {
    element: chart.element,
    show(nextModel, figure, chosen) {
      model = nextModel;
      chart.show(figure, chosen);
    },
    dispose: () => chart.dispose(),
  };
}

function tooltip(model: ProbeModel, figure: CurveFigure, at: LinePlace, choosable: boolean): (Node | null)[] {
  const rows = figure.series.flatMap((one) => {
    const point = one.points.find(({ depth }) => depth === at.x);
    if (point === undefined) return [];
    return [
      h(
        'tr',
        { class: one.key === at.key ? 'current' : undefined },
        h('th', { scope: 'row' }, lineSwatch(one), one.name),
        h('td', {}, valueText(figure, point.value)),
        h('td', { class: 'muted' }, intervalText(figure, point)),
        h('td', { class: 'muted' }, point.n === null ? '' : `n = ${point.n}`),
      ),
    ];
  });
  const baseline = figure.series.find((one) => one.key === at.key)?.baseline ?? null;
  return [
    h(
      'div',
      { class: 'tooltip-title' },
      h('strong', {}, `Language layer ${at.x}`),
      h('span', { class: 'muted' }, REGION_NAMES[regionOf(model, at.x)]),
    ),
    h('div', { class: 'muted' }, `${figure.label}, 95% interval`),
    h('table', {}, h('tbody', {}, ...rows)),
    baseline === null || !figure.percent
      ? null
      : h(
          'div',
          { class: 'muted' },
          `Unmodified: ${valueText(figure, baseline.value)} (${intervalText(figure, baseline)})`,
        ),
    choosable ? h('div', { class: 'muted' }, 'Click for the samples') : null,
  ];
}
