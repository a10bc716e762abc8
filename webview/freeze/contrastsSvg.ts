/** The answers as a drawing: a panel per question, a row per run and measure, the band of equivalence behind. No DOM. */
import type { Drawing, DrawingText } from '../exporters/linesSvg.js';
import { element, svgDocument, text } from '../exporters/svg.js';
import type { Theme } from '../theme.js';
import { type ForestFigure, MEASURE_NAMES, points, QUESTIONS, VERDICT_WORDS } from './model.js';

const ROW = 22;
const NAME = 210;
const PANEL = 320;
const WORD = 130;
const TOP = 58;

export function contrastsSvg({ rows, extent, margin }: ForestFigure, words: DrawingText, palette: Theme): Drawing {
  const width = 24 + NAME + QUESTIONS.length * (PANEL + 14);
  const bottom = TOP + rows.length * ROW;
  const height = bottom + 52;
  const parts: string[] = [
    text({ x: 16, y: 22, 'font-size': 14, 'font-weight': 600, fill: palette.foreground }, words.title),
    ...rows.map(({ run, measure }, at) =>
      text({ x: 16, y: TOP + at * ROW + 15, fill: palette.foreground }, `${run} · ${MEASURE_NAMES[measure]}`),
    ),
  ];
  QUESTIONS.forEach(({ key, title }, column) => {
    const left = 16 + NAME + column * (PANEL + 14);
    const wide = PANEL - WORD;
    const x = (fraction: number) => left + (wide * (fraction + extent)) / (2 * extent);
    parts.push(
      text({ x: left, y: TOP - 12, 'font-weight': 600, fill: palette.foreground }, title),
      element('rect', {
        x: x(-margin),
        y: TOP,
        width: x(margin) - x(-margin),
        height: bottom - TOP,
        fill: palette.muted,
        'fill-opacity': 0.18,
      }),
      element('line', { x1: x(0), x2: x(0), y1: TOP, y2: bottom, stroke: palette.muted }),
    );
    for (const tick of [-extent, -margin, 0, margin, extent])
      parts.push(
        text(
          { x: x(tick), y: bottom + 14, 'text-anchor': 'middle', 'font-size': 10, fill: palette.muted },
          points(tick).replace(/\.0$/, ''),
        ),
      );
    rows.forEach(({ contrasts }, at) => {
      const contrast = contrasts[key];
      if (contrast === null) return;
      const { equivalence, difference, verdict } = contrast;
      const y = TOP + at * ROW + 11;
      const colour = palette.series[2] ?? palette.foreground;
      parts.push(
        element('line', {
          x1: x(equivalence.low),
          x2: x(equivalence.high),
          y1: y,
          y2: y,
          stroke: colour,
          'stroke-width': 2,
        }),
        element('circle', { cx: x(difference), cy: y, r: 4, fill: colour }),
        text(
          { x: left + wide + 8, y: y + 4, fill: palette.foreground },
          `${points(difference)} ${VERDICT_WORDS[verdict]}`,
        ),
      );
    });
  });
  parts.push(text({ x: 16, y: height - 12, 'font-size': 10, fill: palette.muted }, words.caption));
  return {
    svg: svgDocument(
      { width, height, title: words.title, description: words.description, background: palette.background },
      ...parts,
    ),
    width,
    height,
  };
}
