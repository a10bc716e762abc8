/** A comparison's figures as drawings: what the export menu saves, and what a report shows. No DOM. */
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { buildFigure, describeFigure } from '../figure/series.js';
import { buildGrid } from '../heatmap/grid.js';
import { formatMeasure, measureLabel } from '../state/measure.js';
import type { Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import type { Theme } from '../theme.js';
import { kindsChoice, kindsDelta, kindsStyle } from './kinds.js';

/** Of the exported layer figure, in pixels. */
const LAYER_SIZE = { width: 960, height: 406 };

/** The layer figure of a comparison. */
export function layerDrawing(model: Model, title: string, view: ViewState, theme: Theme): Drawing {
  const figure = buildFigure(model, view);
  const words = {
    title: `${title}: ${figure.title}`,
    description: describeFigure(model, figure),
    caption: captionOf(model),
  };
  return linesSvg([figure], words, theme, LAYER_SIZE);
}

/** The heat map of tensor kinds by layer. */
export function kindsDrawing(model: Model, title: string, view: ViewState, theme: Theme): Drawing {
  const choice = kindsChoice(view);
  const delta = kindsDelta(model, view);
  const label = measureLabel(choice);
  const name = `${title}: ${label} by tensor kind, ${model.deltas[delta]?.full ?? ''}`;
  return heatmapSvg(
    buildGrid(model, choice, delta, view.heatMinor),
    { label, format: (value) => formatMeasure(choice, value) },
    kindsStyle(choice),
    { title: name, description: name, caption: captionOf(model) },
    theme,
  );
}

/** What was compared, with which cuts. */
function captionOf({ result, deltas }: Model): string {
  const { cuts, regions, provenance } = result;
  const cut = regions.length > 0 ? ` · regions cut at layers ${cuts[0]} and ${cuts[1]}` : '';
  return `${deltas.map((name) => name.full).join(', ')}${cut} · run ${provenance.runId}`;
}
