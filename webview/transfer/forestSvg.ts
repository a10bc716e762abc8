/** The table of abilities as a drawing: a panel per ability, a row per checkpoint. No DOM. */
import type { AbilityName } from '../../src/protocol/engineApi.js';
import { type Drawing, type DrawingText, FOREST, forestDrawing, forestRow, forestTick } from '../exporters/drawing.js';
import type { Theme } from '../theme.js';
import { element, text } from '../exporters/svg.js';
import { formatFraction } from '../format.js';
import { ABILITY_NAMES, comparisonOf, scoreOf, SIGNIFICANT, type TransferModel } from './model.js';

const NAME = 150;
const PANEL = 240;
const NUMBER = 62;

export function forestSvg(model: TransferModel, against: number | null, words: DrawingText, palette: Theme): Drawing {
  const { rows, abilities } = model;
  const width = 24 + NAME + abilities.length * (PANEL + FOREST.gap);
  const names = rows.map(({ label }) => label);
  const parts = abilities.flatMap((ability, column) =>
    panel(model, against, ability, 16 + NAME + column * (PANEL + FOREST.gap), palette),
  );
  return forestDrawing(width, names, words, palette, parts);
}

function panel(
  model: TransferModel,
  against: number | null,
  ability: AbilityName,
  left: number,
  palette: Theme,
): string[] {
  const { rows, most } = model;
  const wide = PANEL - NUMBER;
  const x = (fraction: number) => left + (wide * fraction) / most;
  const bottom = FOREST.top + rows.length * FOREST.row;
  const across = (fraction: number) => ({ x1: x(fraction), x2: x(fraction), y1: FOREST.top, y2: bottom });
  const parts = [
    text(
      { x: left, y: FOREST.top - 12, 'font-weight': 600, fill: palette.foreground },
      `${ABILITY_NAMES[ability]} (n = ${scoreOf(model, 0, ability)!.n})`,
    ),
  ];
  for (let tick = 0; tick <= most + 1e-9; tick += most > 0.5 ? 0.2 : 0.1)
    parts.push(
      element('line', { ...across(tick), stroke: palette.border }),
      forestTick(x(tick), bottom, `${Math.round(100 * tick)}%`, palette),
    );
  const reference = against === null ? undefined : scoreOf(model, against, ability);
  if (reference)
    parts.push(element('line', { ...across(reference.value), stroke: palette.muted, 'stroke-dasharray': '2 3' }));
  rows.forEach(({ index, role }, at) => {
    const score = scoreOf(model, index, ability)!;
    const comparison = comparisonOf(model, index, against, ability);
    const colour =
      palette.series[role === 'in' ? 0 : role === 'rl' ? 1 : role === 'base' ? 3 : 2] ?? palette.foreground;
    const holds = comparison !== undefined && comparison.adjusted < SIGNIFICANT;
    const mark = holds ? (comparison.difference > 0 ? ' ▲' : ' ▼') : '';
    parts.push(
      ...forestRow(
        at,
        { low: x(score.low), high: x(score.high), value: x(score.value), after: left + wide + 8 },
        `${formatFraction(score.value)}${mark}`,
        colour,
        palette,
      ),
    );
  });
  return parts;
}
