/** A line sample as it is drawn in the figure, for legends and tooltips. */
import { s } from '../dom.js';
import { markerPath, markOf } from './marks.js';

export function swatch(delta: number): SVGSVGElement {
  const { dash, marker } = markOf(delta);
  return s(
    'svg',
    { class: `swatch series-${delta % 4}`, width: 26, height: 12, viewBox: '0 0 26 12', 'aria-hidden': 'true' },
    s('path', {
      d: 'M1 6H25',
      stroke: 'currentColor',
      'stroke-width': 1.8,
      'stroke-dasharray': dash.join(' '),
      fill: 'none',
    }),
    s('path', { d: markerPath(marker, 13, 6, 3.4), fill: 'currentColor', stroke: 'none' }),
  );
}

export function floorSwatch(): SVGSVGElement {
  return s(
    'svg',
    { class: 'swatch', width: 26, height: 12, viewBox: '0 0 26 12', 'aria-hidden': 'true' },
    s('path', { d: 'M1 6H25', stroke: 'currentColor', 'stroke-width': 1.4, 'stroke-dasharray': '1.5 3', fill: 'none' }),
  );
}
