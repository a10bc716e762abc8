/** Figures of probes as drawings: what the export menu saves, and what a report shows. No DOM. */
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { formatRate } from '../format.js';
import type { Theme } from '../theme.js';
import { captionOf, visibleCurves } from './choice.js';
import type { CurveFigure } from './curves.js';
import type { ProbeModel } from './model.js';
import { surfaceGrid, SURFACE_STYLE } from './surfaceData.js';
import type { ProbeView } from './view.js';

/** Curves of one study. Null where there is none. */
export function linesDrawing(
  model: ProbeModel,
  title: string,
  tab: ProbeView['tab'],
  figures: readonly CurveFigure[],
  theme: Theme,
): Drawing | null {
  if (figures.length === 0) return null;
  const all = tab === 'localization' ? 'functional localization' : tab;
  const words = {
    title: `${title}: ${figures.length === 1 ? figures[0]!.title : all}`,
    description: figures.map((one) => one.title).join(', '),
    caption: captionOf(model),
  };
  return linesSvg(figures, words, theme);
}

/** Function by layer as a heat map. Null where nothing is in sight. */
export function surfaceDrawing(model: ProbeModel, title: string, view: ProbeView, theme: Theme): Drawing | null {
  const curves = visibleCurves(model, view);
  if (curves.length === 0) return null;
  const words = {
    title: `${title}: function by layer`,
    description: 'Fraction of answers that changed',
    caption: captionOf(model),
  };
  const label = curves[0]!.task === null ? 'wrong answers' : 'answers that changed';
  return heatmapSvg(surfaceGrid(model, curves), { label, format: formatRate }, SURFACE_STYLE, words, theme);
}
