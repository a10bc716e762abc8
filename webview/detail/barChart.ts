/** A small bar chart as inline SVG: one tab stop, arrows walk the bars. Colours come from the style sheet. */
import type { PanelContext } from '../context.js';
import { h, s } from '../dom.js';
import type { Bars } from './bins.js';

export function barChart(
  context: PanelContext,
  options: { label: string; data: Bars; series: number; testId: string },
): HTMLElement {
  const { bars, ends, top } = options.data;
  const count = Math.max(1, bars.length);
  const HEIGHT = 100;
  let path = '';
  bars.forEach((bar, index) => {
    const height = bar.share === 0 ? 0 : Math.max(1.2, bar.share * HEIGHT);
    if (height > 0)
      path += `M${index} ${HEIGHT}v${-Math.round(height * 100) / 100}h1v${Math.round(height * 100) / 100}Z`;
  });
  const mark = s('rect', { class: 'bar-cursor', x: 0, y: 0, width: 1, height: HEIGHT, visibility: 'hidden' });
  const drawing = s(
    'svg',
    {
      viewBox: `0 0 ${count} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
      class: `bars series-${options.series % 4}`,
    },
    s('path', { d: path, fill: 'currentColor' }),
    mark,
  );
  let cursor: number | null = null;
  const stage = h(
    'div',
    {
      class: 'bar-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'bar chart',
      'aria-label': `${options.label}, ${count} bars. Arrow keys walk them.`,
      'data-testid': options.testId,
    },
    drawing,
    h('span', { class: 'bar-top number', 'aria-hidden': 'true' }, top),
  );
  const point = (index: number | null, at?: { x: number; y: number }) => {
    cursor = index;
    mark.setAttribute('visibility', index === null ? 'hidden' : 'visible');
    if (index === null) {
      context.tooltip.hide();
      return;
    }
    mark.setAttribute('x', String(index));
    const box = drawing.getBoundingClientRect();
    context.tooltip.show(
      at ?? { x: box.left + ((index + 0.5) / count) * box.width, y: box.top },
      bars[index]?.text ?? '',
    );
  };
  stage.addEventListener('pointermove', (event) => {
    const box = drawing.getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * count);
    point(index >= 0 && index < bars.length ? index : null, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener('pointerleave', () => point(null));
  stage.addEventListener('blur', () => point(null));
  stage.addEventListener('keydown', (event) => {
    const at = cursor ?? -1;
    const next = {
      ArrowRight: at + 1,
      ArrowLeft: cursor === null ? count - 1 : at - 1,
      Home: 0,
      End: count - 1,
      PageDown: at + 10,
      PageUp: at - 10,
    }[event.key];
    if (next !== undefined && bars.length > 0) {
      event.preventDefault();
      const index = Math.max(0, Math.min(bars.length - 1, next));
      point(index);
      context.announce(bars[index]!.text);
    } else if (event.key === 'Escape' && cursor !== null) {
      event.preventDefault();
      event.stopPropagation();
      point(null);
    }
  });
  return h(
    'figure',
    { class: 'bar-chart' },
    h('figcaption', {}, options.label),
    stage,
    h('div', { class: 'bar-ends number', 'aria-hidden': 'true' }, ...ends.map((text) => h('span', {}, text))),
  );
}
