/** The layer figure as a drawing for papers: the same data, axes and marks as on screen. No DOM. */
import { layerTicks, place } from '../figure/axis.js';
import { markerPath, markOf } from '../figure/marks.js';
import { cutToDepth, REGION_NAMES, type Cuts } from '../figure/regions.js';
import { layoutSections, type SectionSpan } from '../figure/sections.js';
import { broken, type Figure } from '../figure/series.js';
import { PAPER, seriesColour, type Palette } from './palette.js';
import { element, linePath, svgDocument, text } from './svg.js';

export interface DrawingText {
  title: string;
  description: string;
  /** One line under the drawing: what was compared, with which cuts. */
  caption: string;
}

export function figureSvg(figure: Figure, cuts: Cuts, words: DrawingText, palette: Palette = PAPER): string {
  const width = 960;
  const height = 480;
  const leftAxes = figure.axes.filter((axis) => axis.side === 'left').length;
  const rightAxes = figure.axes.length - leftAxes;
  const AXIS = 66;
  const plot = {
    left: 12 + AXIS * Math.max(1, leftAxes),
    right: width - 16 - AXIS * rightAxes,
    top: 92,
    bottom: height - 74,
  };
  const x = (depth: number) =>
    plot.left + ((depth - figure.from) / (figure.to - figure.from)) * (plot.right - plot.left);
  const y = (axis: number, value: number) => plot.bottom - place(figure.axes[axis]!, value) * (plot.bottom - plot.top);
  const out: string[] = [];

  out.push(text({ x: 16, y: 26, 'font-size': 16, 'font-weight': 600, fill: palette.foreground }, words.title));

  // legend
  let at = 16;
  for (const one of figure.series) {
    const colour = seriesColour(palette, one.name.index);
    const { dash, marker } = markOf(one.name.index);
    out.push(
      element('path', {
        d: `M${at} 46h30`,
        stroke: colour,
        'stroke-width': 2,
        'stroke-dasharray': dash.join(' ') || null,
        fill: 'none',
      }),
      element('path', { d: markerPath(marker, at + 15, 46, 4), fill: colour, stroke: colour }),
    );
    const side = figure.axes.length > 1 ? `, ${figure.axes[one.axis]!.side} axis` : '';
    const name = `${one.name.full}${side}`;
    out.push(text({ x: at + 38, y: 50, fill: palette.foreground }, name));
    at += 62 + textWidth(name);
  }
  if (figure.showFloor) {
    out.push(
      element('path', {
        d: `M${at} 46h30`,
        stroke: palette.muted,
        'stroke-width': 1.2,
        'stroke-dasharray': '1.5 3',
        fill: 'none',
      }),
    );
    out.push(text({ x: at + 38, y: 50, fill: palette.muted }, 'rounding floor; hollow: under 2×'));
  }

  // regions and sections
  for (const { region, from, to } of figure.regions) {
    if (region !== 'mid') {
      out.push(
        element('rect', {
          x: x(from),
          y: plot.top,
          width: x(to) - x(from),
          height: plot.bottom - plot.top,
          fill: palette.shade,
        }),
      );
    }
    out.push(
      text(
        { x: (x(from) + x(to)) / 2, y: plot.top - 8, 'text-anchor': 'middle', fill: palette.muted },
        REGION_NAMES[region],
      ),
    );
  }
  for (const axisTick of figure.axes[0]?.ticks ?? []) {
    const at = y(0, axisTick.value);
    out.push(element('path', { d: `M${r(plot.left)} ${r(at)}H${r(plot.right)}`, stroke: palette.grid, fill: 'none' }));
  }
  if (figure.regions.length > 0) {
    for (const cut of cuts) {
      out.push(
        element('path', {
          d: `M${r(x(cutToDepth(cut)))} ${plot.top}V${plot.bottom}`,
          stroke: palette.muted,
          'stroke-dasharray': '4 3',
          fill: 'none',
        }),
      );
    }
  }
  out.push(sectionBrackets(figure.sections, x, plot.bottom + 28, palette));

  // axes
  const target = Math.max(4, Math.floor((plot.right - plot.left) / 48));
  for (const { value, label } of layerTicks(
    Math.ceil(figure.from),
    Math.floor(figure.to),
    figure.visionLayers,
    target,
  )) {
    out.push(
      element('path', { d: `M${r(x(value))} ${plot.bottom}v4`, stroke: palette.muted, fill: 'none' }),
      text({ x: x(value), y: plot.bottom + 17, 'text-anchor': 'middle', fill: palette.foreground }, label),
    );
  }
  let left = 0;
  let right = 0;
  figure.axes.forEach((axis, index) => {
    const own = axis.series.length === 1 && figure.axes.length > 1;
    const colour = own ? seriesColour(palette, axis.series[0]!) : palette.foreground;
    const onLeft = axis.side === 'left';
    const edge = onLeft ? plot.left - AXIS * left++ : plot.right + AXIS * right++;
    out.push(element('path', { d: `M${r(edge)} ${plot.top}V${plot.bottom}`, stroke: colour, fill: 'none' }));
    for (const tick of axis.ticks) {
      out.push(
        text(
          {
            x: edge + (onLeft ? -7 : 7),
            y: y(index, tick.value) + 4,
            'text-anchor': onLeft ? 'end' : 'start',
            fill: palette.foreground,
          },
          tick.label,
        ),
      );
    }
    const name = own
      ? `${figure.series.find((one) => one.name.index === axis.series[0])?.name.short ?? ''}: ${figure.label}`
      : figure.label;
    const titleX = onLeft ? edge - AXIS + 14 : edge + AXIS - 8;
    const middle = (plot.top + plot.bottom) / 2;
    out.push(
      text(
        {
          x: titleX,
          y: middle,
          'text-anchor': 'middle',
          fill: palette.foreground,
          transform: `rotate(-90 ${r(titleX)} ${r(middle)})`,
        },
        name,
      ),
    );
  });

  // lines
  for (const one of figure.series) {
    const colour = seriesColour(palette, one.name.index);
    const { dash, marker } = markOf(one.name.index);
    if (figure.showFloor) {
      const floor = broken(one, (point) =>
        point.floor !== null && point.floor > 0 ? { x: x(point.depth), y: y(one.axis, point.floor) } : null,
      );
      out.push(
        element('path', {
          d: linePath(floor),
          stroke: colour,
          'stroke-width': 1.2,
          'stroke-dasharray': '1.5 3',
          fill: 'none',
          class: 'floor',
        }),
      );
      // A projector stands alone: a path of one point would not show.
      for (const [index, point] of floor.entries()) {
        if (point !== null && (floor[index - 1] ?? null) === null && (floor[index + 1] ?? null) === null) {
          out.push(element('circle', { cx: point.x, cy: point.y, r: 1.6, fill: colour }));
        }
      }
    }
    const log = figure.axes[one.axis]!.log;
    const drawn = broken(one, (point) =>
      point.value === null || (log && point.value <= 0) ? null : { x: x(point.depth), y: y(one.axis, point.value) },
    );
    out.push(
      element('path', {
        d: linePath(drawn),
        stroke: colour,
        'stroke-width': 2,
        'stroke-dasharray': dash.join(' ') || null,
        fill: 'none',
        class: 'line',
      }),
    );
    const points = one.points
      .filter((point) => point.value !== null)
      .map((point) => {
        const zero = log && point.value! <= 0;
        const px = x(point.depth);
        const py = zero ? plot.bottom : y(one.axis, point.value!);
        const hollow = point.level !== 'clear' && point.level !== 'unknown';
        return zero
          ? element('path', {
              d: `M${r(px - 3)} ${r(py - 3)}l6 6m0 -6l-6 6`,
              stroke: colour,
              'stroke-width': 1.5,
              fill: 'none',
            })
          : element('path', {
              d: markerPath(marker, px, py, 3.4),
              fill: hollow ? palette.background : colour,
              stroke: colour,
              'stroke-width': 1.4,
            });
      });
    out.push(element('g', { class: 'points' }, points.join('')));
  }
  out.push(text({ x: 16, y: height - 10, 'font-size': 11, fill: palette.muted }, words.caption));
  return svgDocument(
    { width, height, title: words.title, description: words.description, background: palette.background },
    ...out,
  );
}

/** The parts of the model under an axis of layers, as on screen. */
export function sectionBrackets(
  sections: readonly SectionSpan[],
  x: (position: number) => number,
  top: number,
  palette: Palette,
): string {
  return layoutSections(sections, x, textWidth)
    .flatMap(({ words, middle, from, to }) => [
      element('path', { d: `M${r(from + 2)} ${top}H${r(to - 2)}`, stroke: palette.muted, fill: 'none' }),
      text({ x: middle, y: top + 15, 'text-anchor': 'middle', fill: palette.muted }, words),
    ])
    .join('');
}

/** Good enough to set legend entries side by side without measuring. */
export function textWidth(words: string, size = 12): number {
  return words.length * size * 0.56;
}

function r(value: number): number {
  return Math.round(value * 100) / 100;
}
