/** A line sample as it is drawn in a figure, for legends and tooltips. */
import { h, s } from '../dom.js';
import type { LineFigure, LineSeries } from './lines.js';
import { markerPath, markOf } from './marks.js';

const BOX = { width: 26, height: 12, viewBox: '0 0 26 12', 'aria-hidden': 'true' };

export function lineSwatch(series: Pick<LineSeries, 'colour' | 'marker' | 'dash' | 'light'>): SVGSVGElement {
  const { colour, marker, dash, light } = series;
  return s(
    'svg',
    { class: `swatch series-${colour % 4}`, ...BOX },
    stroke(markOf(dash).dash, light === true ? 1.4 : 1.8),
    light === true
      ? null
      : s('path', { d: markerPath(markOf(marker).marker, 13, 6, 3.4), fill: 'currentColor', stroke: 'none' }),
  );
}

/** Of an update, which has one mark for colour, marker and dash. */
export function swatch(delta: number): SVGSVGElement {
  return lineSwatch({ colour: delta, marker: delta, dash: delta });
}

/** Only what the dash says. */
export function dashSwatch(dash: number): SVGSVGElement {
  return s('svg', { class: 'swatch', ...BOX }, stroke(markOf(dash).dash, 1.8));
}

export function floorSwatch(): SVGSVGElement {
  return s('svg', { class: 'swatch', ...BOX }, stroke([1.5, 3], 1.4));
}

export function dottedSwatch(): SVGSVGElement {
  return s('svg', { class: 'swatch', ...BOX }, stroke([1.5, 3], 1.8));
}

function stroke(dash: readonly number[], width: number): SVGPathElement {
  return s('path', {
    d: 'M1 6H25',
    stroke: 'currentColor',
    'stroke-width': width,
    'stroke-dasharray': dash.join(' '),
    fill: 'none',
  });
}

/** What the band of a line is, for legends; null for a figure without bands. */
export function bandNote(figure: LineFigure, what: string): HTMLElement | null {
  const banded = figure.series.filter(({ points }) => points.some(({ low, high }) => low !== null && high !== null));
  if (banded.length === 0) return null;
  return h('span', { class: 'muted' }, `Band${banded.length === 1 ? '' : ' of the line under the pointer'}: ${what}`);
}
