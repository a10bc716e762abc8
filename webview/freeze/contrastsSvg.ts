/**
 * The answers as a drawing: a panel per question, a row per run and measure, the band of equivalence behind. No DOM.
 */
import { type Drawing, type DrawingText, FOREST, forestDrawing, forestRow, forestTick } from '../exporters/drawing.js';
import { element, text } from '../exporters/svg.js';
import type { Theme } from '../theme.js';
import { type ForestFigure, MEASURE_NAMES, points, QUESTIONS, VERDICT_WORDS } from './model.js';

const NAME = 210;
const PANEL = 320;
const WORD = 130;

export function contrastsSvg({ rows, extent, margin }: ForestFigure, words: DrawingText, palette: Theme): Drawing {
  const width = 24 + NAME + QUESTIONS.length * (PANEL + FOREST.gap);
  const bottom = FOREST.top + rows.length * FOREST.row;
  const names = rows.map(({ run, measure }) => `${run} · ${MEASURE_NAMES[measure]}`);
  const colour = palette.series[2] ?? palette.foreground;
  const parts = QUESTIONS.flatMap(({ key, title }, column) => {
    const left = 16 + NAME + column * (PANEL + FOREST.gap);
    const wide = PANEL - WORD;
    const x = (fraction: number) => left + (wide * (fraction + extent)) / (2 * extent);
    return [
      text({ x: left, y: FOREST.top - 12, 'font-weight': 600, fill: palette.foreground }, title),
      element('rect', {
        x: x(-margin),
        y: FOREST.top,
        width: x(margin) - x(-margin),
        height: bottom - FOREST.top,
        fill: palette.muted,
        'fill-opacity': 0.18,
      }),
      element('line', { x1: x(0), x2: x(0), y1: FOREST.top, y2: bottom, stroke: palette.muted }),
      ...[-extent, -margin, 0, margin, extent].map((tick) =>
        forestTick(x(tick), bottom, points(tick).replace(/\.0$/, ''), palette),
      ),
      ...rows.flatMap(({ contrasts }, at) => {
        const contrast = contrasts[key];
        if (contrast === null) return [];
        const { equivalence, difference, verdict } = contrast;
        return forestRow(
          at,
          { low: x(equivalence.low), high: x(equivalence.high), value: x(difference), after: left + wide + 8 },
          `${points(difference)} ${VERDICT_WORDS[verdict]}`,
          colour,
          palette,
        );
      }),
    ];
  });
  return forestDrawing(width, names, words, palette, parts);
}
