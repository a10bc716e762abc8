/** The answers of a freeze experiment as a drawing: what the export menu saves, and what a report shows. No DOM. */
import type { FreezeReport } from '../../src/protocol/engineApi.js';
import type { Drawing } from '../exporters/drawing.js';
import type { Theme } from '../theme.js';
import { contrastsSvg } from './contrastsSvg.js';
import { forestOf, reading } from './model.js';

/** Necessary, sufficient, transferable. */
export function contrastsDrawing(report: FreezeReport, title: string, theme: Theme): Drawing {
  return contrastsSvg(
    forestOf(report),
    { title, description: reading(report).join(' '), caption: captionOf(report) },
    theme,
  );
}

function captionOf({ margin, rows }: FreezeReport): string {
  const n = [...new Set(rows.map(({ necessary }) => necessary.n))].join(', ');
  return (
    `Paired differences in points, 90% intervals, band ±${(100 * margin).toFixed(1)} · n = ${n} · ` +
    `McNemar, Holm-corrected per column`
  );
}
