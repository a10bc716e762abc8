/** The heat map as a drawing for papers. No DOM. */
import { createRamp } from '../heatmap/colour.js';
import { shareOf, type HeatGrid } from '../heatmap/grid.js';
import { SECTION_ROW } from '../figure/sections.js';
import { sectionBrackets, type DrawingText } from './figureSvg.js';
import { PAPER, type Palette } from './palette.js';
import { element, svgDocument, text } from './svg.js';

export interface HeatLegend {
  label: string;
  log: boolean;
  format(value: number): string;
  /** What a dot in a cell means; near the rounding floor when left out. */
  dots?: string;
}

export function heatmapSvg(grid: HeatGrid, legend: HeatLegend, words: DrawingText, palette: Palette = PAPER): string {
  const labelWidth = 24 + 6.6 * Math.max(4, ...grid.rows.map((row) => row.label.length));
  const cell = { width: Math.max(10, Math.min(22, 820 / Math.max(1, grid.depths.length))), height: 20 };
  const plot = { left: labelWidth, top: 56 };
  const bottom = plot.top + grid.rows.length * cell.height;
  const right = plot.left + grid.depths.length * cell.width;
  const width = Math.max(right + 24, 560);
  const height = bottom + 104 + SECTION_ROW;
  const ramp = createRamp('light');
  const out: string[] = [
    text({ x: 16, y: 26, 'font-size': 16, 'font-weight': 600, fill: palette.foreground }, words.title),
  ];

  grid.rows.forEach((row, index) => {
    const top = plot.top + index * cell.height;
    out.push(
      text(
        { x: plot.left - 8, y: top + cell.height / 2 + 4, 'text-anchor': 'end', fill: palette.foreground },
        row.label,
      ),
    );
    const cells = row.cells.map((content, column) => {
      if (content === null) return '';
      const box = {
        x: plot.left + column * cell.width + 0.5,
        y: top + 0.5,
        width: cell.width - 1,
        height: cell.height - 1,
      };
      if (content.value === null || content.value === 0 || grid.range === null) {
        const middle = box.y + box.height / 2;
        const across = content.value === null ? box.height / 2 - 3 : 0;
        return element('path', {
          d: `M${box.x + 1} ${middle + across}L${box.x + box.width - 1} ${middle - across}`,
          stroke: palette.muted,
          fill: 'none',
        });
      }
      const share = shareOf(grid.range, content.value, legend.log);
      const dot =
        grid.noisy === 'some' && (content.level === 'below' || content.level === 'near')
          ? element('circle', {
              cx: box.x + box.width / 2,
              cy: box.y + box.height / 2,
              r: 1.8,
              fill: content.level === 'below' ? dotColour(share) : 'none',
              stroke: dotColour(share),
            })
          : '';
      return element('rect', { ...box, fill: ramp.at(share) }) + dot;
    });
    out.push(element('g', {}, cells.join('')));
  });
  for (const column of grid.breaks) {
    const at = plot.left + column * cell.width;
    out.push(element('path', { d: `M${at} ${plot.top - 4}V${bottom + 4}`, stroke: palette.muted, fill: 'none' }));
  }
  for (const { column, label } of grid.ticks(Math.max(4, Math.floor((right - plot.left) / 44)))) {
    out.push(
      text(
        {
          x: plot.left + (column + 0.5) * cell.width,
          y: bottom + 18,
          'text-anchor': 'middle',
          fill: palette.foreground,
        },
        label,
      ),
    );
  }
  out.push(sectionBrackets(grid.sections, (column) => plot.left + column * cell.width, bottom + 27, palette));
  if (grid.range !== null) {
    const top = bottom + 38 + SECTION_ROW;
    const STEPS = 48;
    const size = 200;
    const bar = Array.from({ length: STEPS }, (_, step) =>
      element('rect', {
        x: plot.left + (step * size) / STEPS,
        y: top,
        width: size / STEPS + 0.5,
        height: 10,
        fill: ramp.at(step / (STEPS - 1)),
      }),
    );
    out.push(element('g', {}, bar.join('')));
    out.push(text({ x: plot.left, y: top + 24, fill: palette.foreground }, legend.format(grid.range.min)));
    out.push(
      text(
        { x: plot.left + size, y: top + 24, 'text-anchor': 'end', fill: palette.foreground },
        legend.format(grid.range.max),
      ),
    );
    const notes = `${legend.label}${legend.log ? ', log scale' : ''}${{ none: '', some: ` · dot: ${legend.dots ?? 'under 2× the rounding floor (filled: below it)'}`, all: ' · all under 2× the rounding floor' }[grid.noisy]}${grid.range.zero ? ' · dash: unchanged' : ''}`;
    out.push(text({ x: plot.left + size + 16, y: top + 10, fill: palette.muted }, notes));
  }
  out.push(text({ x: 16, y: height - 10, 'font-size': 11, fill: palette.muted }, words.caption));
  const full = Math.max(width, plot.left + 216 + 560);
  return svgDocument(
    { width: full, height, title: words.title, description: words.description, background: palette.background },
    ...out,
  );
}

/** Against the light ramp: dark ink on the pale end, white on the dark one. */
export function dotColour(share: number): string {
  return share < 0.5 ? '#1f1f1f' : '#ffffff';
}
