/** A line chart with an element of its own. */
import type { PanelContext } from '../context.js';
import { h } from '../dom.js';
import { createLineChart, type LineChart, type LineChartOptions } from './lineChart.js';
import type { LineFigure } from './lines.js';

export interface LineView<F extends LineFigure> extends LineChart<F> {
  element: HTMLElement;
}

/** `low`: lower than usual. */
export function createLineView<F extends LineFigure>(
  context: PanelContext,
  { testId, low, ...options }: LineChartOptions<F> & { testId: string; low?: boolean },
): LineView<F> {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': `${testId}-canvas` });
  const element = h(
    'div',
    {
      class: `curve-stage${low === true ? ' low' : ''}`,
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'figure',
      'data-testid': testId,
    },
    canvas,
  );
  return { element, ...createLineChart<F>(context, { stage: element, canvas }, options) };
}
