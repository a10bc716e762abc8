/** The export menu of a comparison. */
import { layersCsv, tensorsCsv } from '../../src/protocol/csv.js';
import type { PanelContext } from '../context.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import { layersMarkdown, regionsMarkdown } from '../exporters/tables.js';
import type { Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { arrangedTensors } from '../table/arranged.js';
import type { Theme } from '../theme.js';
import { kindsDrawing, layerDrawing } from './drawings.js';

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
