/** The export menu of a comparison. */
import { layersCsv, tensorsCsv } from '../../src/protocol/csv.js';
import type { PanelContext } from '../context.js';
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import { layersMarkdown, regionsMarkdown } from '../exporters/tables.js';
import { buildFigure, describeFigure } from '../figure/series.js';
import { buildGrid } from '../heatmap/grid.js';
import { formatMeasure, measureLabel } from '../state/measure.js';
import type { Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { arrangedTensors } from '../table/arranged.js';
import type { Theme } from '../theme.js';
import { kindsChoice, kindsDelta, kindsStyle } from './kinds.js';

/** @param now the user's choices at the time of exporting */
export function compareExports(context: PanelContext, model: Model, title: string, now: () => ViewState): MenuEntry[] {
  const { result } = model;
  const { text, json, svg, png, copy } = savingOf(context, result.stages.map((stage) => stage.label).join('-'));
  const layers = (theme: Theme) => layerDrawing(model, title, now(), theme);
  const kinds = (theme: Theme) => kindsDrawing(model, title, now(), theme);
  const editor = () => context.theme.now();
  return [
    { heading: 'Numbers' },
    {
      label: 'Tensors as CSV…',
      testId: 'export-tensors-csv',
      run: () => text('tensors', 'csv', tensorsCsv(result)),
    },
    { label: 'Layers as CSV…', testId: 'export-layers-csv', run: () => text('layers', 'csv', layersCsv(result)) },
    { label: 'Result as JSON…', testId: 'export-json', run: () => json('compare', result) },
    { heading: 'Update by layer' },
    { label: 'Layer figure as SVG…', testId: 'export-layer-svg', run: () => svg('layers', layers(PAPER)) },
    { label: 'Layer figure as PNG…', testId: 'export-layer-png', run: () => png('layers', layers(editor())) },
    { heading: 'By tensor kind' },
    { label: 'Heat map as SVG…', testId: 'export-heat-svg', run: () => svg('kinds', kinds(PAPER)) },
    { label: 'Heat map as PNG…', testId: 'export-heat-png', run: () => png('kinds', kinds(editor())) },
    { heading: 'Copy' },
    {
      label: 'Regions as Markdown',
      testId: 'copy-regions-md',
      run: () => copy(regionsMarkdown(model), 'Regions copied.'),
    },
    {
      label: 'Layers as Markdown',
      testId: 'copy-layers-md',
      run: () => copy(layersMarkdown(model), 'Layers copied.'),
    },
    {
      label: 'Table rows in view as CSV',
      testId: 'copy-rows-csv',
      run: () => copy(tensorsCsv(result, arrangedTensors(model, now())), 'Rows copied.'),
    },
  ];
}

/** Of the exported layer figure, in pixels. */
const LAYER_SIZE = { width: 960, height: 406 };

function layerDrawing(model: Model, title: string, view: ViewState, theme: Theme): Drawing {
  const figure = buildFigure(model, view);
  const words = {
    title: `${title}: ${figure.title}`,
    description: describeFigure(model, figure),
    caption: captionOf(model),
  };
  return linesSvg([figure], words, theme, LAYER_SIZE);
}

function kindsDrawing(model: Model, title: string, view: ViewState, theme: Theme): Drawing {
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

function captionOf({ result, deltas }: Model): string {
  const { cuts, regions, provenance } = result;
  const cut = regions.length > 0 ? ` · regions cut at layers ${cuts[0]} and ${cuts[1]}` : '';
  return `${deltas.map((name) => name.full).join(', ')}${cut} · run ${provenance.runId}`;
}
