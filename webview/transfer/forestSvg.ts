/** The table of abilities as a drawing: a panel per ability, a row per checkpoint. No DOM. */
import type { Drawing, DrawingText } from '../exporters/linesSvg.js';
import type { Theme } from '../theme.js';
import { element, svgDocument, text } from '../exporters/svg.js';
import { formatShare } from '../format.js';
import { ABILITY_NAMES, comparisonOf, scoreOf, SIGNIFICANT, type TransferModel } from './model.js';

const ROW = 22;
const NAME = 150;
const PANEL = 240;
const NUMBER = 62;
const TOP = 58;

export function forestSvg(model: TransferModel, against: number | null, words: DrawingText, palette: Theme): Drawing {
  const { rows, abilities, most } = model;
  const width = 24 + NAME + abilities.length * (PANEL + 14);
  const height = TOP + rows.length * ROW + 52;
  const parts: string[] = [
    text({ x: 16, y: 22, 'font-size': 14, 'font-weight': 600, fill: palette.foreground }, words.title),
  ];
  rows.forEach((row, at) => parts.push(text({ x: 16, y: TOP + at * ROW + 15, fill: palette.foreground }, row.label)));
  abilities.forEach((ability, column) => {
    const left = 16 + NAME + column * (PANEL + 14);
    const wide = PANEL - NUMBER;
    const x = (fraction: number) => left + (wide * fraction) / most;
    const bottom = TOP + rows.length * ROW;
    parts.push(
      text(
        { x: left, y: TOP - 12, 'font-weight': 600, fill: palette.foreground },
        `${ABILITY_NAMES[ability]} (n = ${scoreOf(model, 0, ability)!.n})`,
      ),
    );
    for (let tick = 0; tick <= most + 1e-9; tick += most > 0.5 ? 0.2 : 0.1) {
      parts.push(element('line', { x1: x(tick), x2: x(tick), y1: TOP, y2: bottom, stroke: palette.border }));
      parts.push(
        text(
          { x: x(tick), y: bottom + 14, 'text-anchor': 'middle', 'font-size': 10, fill: palette.muted },
          `${Math.round(100 * tick)}%`,
        ),
      );
    }
    const reference = against === null ? undefined : scoreOf(model, against, ability);
    if (reference)
      parts.push(
        element('line', {
          x1: x(reference.value),
          x2: x(reference.value),
          y1: TOP,
          y2: bottom,
          stroke: palette.muted,
          'stroke-dasharray': '2 3',
        }),
      );
    rows.forEach((row, at) => {
      const score = scoreOf(model, row.index, ability)!;
      const comparison = comparisonOf(model, row.index, against, ability);
      const y = TOP + at * ROW + 11;
      const colour =
        palette.series[row.role === 'in' ? 0 : row.role === 'rl' ? 1 : row.role === 'base' ? 3 : 2] ??
        palette.foreground;
      const holds = comparison !== undefined && comparison.adjusted < SIGNIFICANT;
      parts.push(
        element('line', { x1: x(score.low), x2: x(score.high), y1: y, y2: y, stroke: colour, 'stroke-width': 2 }),
      );
      parts.push(element('circle', { cx: x(score.value), cy: y, r: 4, fill: colour }));
      parts.push(
        text(
          { x: left + wide + 8, y: y + 4, fill: palette.foreground },
          `${formatShare(score.value)}${holds ? (comparison.difference > 0 ? ' ▲' : ' ▼') : ''}`,
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
