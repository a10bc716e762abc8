/** Figures of spectra as drawings: what the export menu saves, and what a report shows. No DOM. */
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import type { LineFigure } from '../figure/lines.js';
import { formatNumber } from '../format.js';
import type { Theme } from '../theme.js';
import type { SpectrumModel } from './model.js';
import { RANK_STYLE, surfaceGrid, type RankSurface } from './surfaceData.js';
import { PART_TEXT, type SpectrumView } from './view.js';

/** @param what these figures show together */
export function linesDrawing(
  figures: readonly LineFigure[],
  title: string,
  what: string,
  caption: string,
  theme: Theme,
): Drawing {
  const description = figures.map((one) => one.title).join(', ');
  return linesSvg(figures, { title: `${title}: ${what}`, description, caption }, theme);
}

/** Layer by rank of log(σᵢ/σ₁), of one update. */
export function surfaceDrawing(title: string, surface: RankSurface, caption: string, theme: Theme): Drawing {
  return heatmapSvg(
    surfaceGrid(surface),
    { label: 'log(σᵢ / σ₁)', format: formatNumber, noise: 'hatched: inside the rounding floor' },
    RANK_STYLE,
    { title: `${title}: ${surface.title}`, description: surface.summary, caption },
    theme,
  );
}

/** What was computed, of which weights. */
export function captionOf(model: SpectrumModel, { part }: Pick<SpectrumView, 'part'>): string {
  const { cuts, mode, filter, provenance: from } = model.result;
  return [
    model.deltas.map((name) => name.full).join(', '),
    mode,
    filter === null ? null : `weights matching ${filter}`,
    part === 'all' ? null : `${PART_TEXT[part]} only`,
    model.regions.length === 0 ? null : `regions cut at layers ${cuts[0]} and ${cuts[1]}`,
    `run ${from.runId}`,
  ]
    .filter((text) => text !== null)
    .join(' · ');
}
