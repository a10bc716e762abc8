/** The export menu of a trajectory. */
import { stepsCsv } from '../../src/protocol/trajectoryReading.js';
import type { PanelContext } from '../context.js';
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import { finishedText, versionsText } from '../overview/provenance.js';
import type { Theme } from '../theme.js';
import { type Drawn, similarityFigure, sizeFigure, sizeGrid, STEP_STYLE } from './figures.js';
import { formatSize, SIZE_NAMES, type TrajectoryModel } from './model.js';
import { numbersMarkdown } from './numbers.js';

/** @param now the user's choices at the time of exporting */
export function trajectoryExports(
  context: PanelContext,
  model: TrajectoryModel,
  title: string,
  now: () => Drawn,
): MenuEntry[] {
  const { text, json, svg, png, copy } = savingOf(context, title === '' ? 'trajectory' : title);
  const { result } = model;
  const words = { title, description: title, caption: captionOf(model) };
  const lines = (theme: Theme): Drawing => {
    const figures = [sizeFigure(model, now()), ...(result.directions ? [similarityFigure(model, now().depth)] : [])];
    return linesSvg(figures, words, theme);
  };
  const heat = (theme: Theme): Drawing => {
    const { size, log } = now();
    const legend = { label: SIZE_NAMES[size], format: (value: number) => formatSize(size, value) };
    return heatmapSvg(sizeGrid(model, now()), legend, { ...STEP_STYLE, log }, words, theme);
  };
  return [
    { heading: 'Numbers' },
    {
      label: 'Tensors by step as CSV…',
      testId: 'export-steps-csv',
      run: () => text('steps', 'csv', stepsCsv(result)),
    },
    { label: 'Result as JSON…', testId: 'export-trajectory-json', run: () => json('result', result) },
    { heading: 'Figures' },
    { label: 'Lines as SVG…', testId: 'export-trajectory-svg', run: () => svg('lines', lines(PAPER)) },
    { label: 'Lines as PNG…', testId: 'export-trajectory-png', run: () => png('lines', lines(context.theme.now())) },
    { label: 'Heat map as SVG…', testId: 'export-steps-svg', run: () => svg('layers', heat(PAPER)) },
    { label: 'Heat map as PNG…', testId: 'export-steps-png', run: () => png('layers', heat(context.theme.now())) },
    { heading: 'Copy' },
    {
      label: 'Numbers as Markdown',
      testId: 'copy-trajectory-md',
      run: () => copy(numbersMarkdown(model, now()), 'Numbers copied.'),
    },
  ];
}

export function captionOf({ result: { stages, cuts, provenance } }: TrajectoryModel): string {
  return (
    `${stages[0]!.label} to ${stages.at(-1)!.label}, ${stages.length} checkpoints · cuts ` +
    `${cuts.join(', ')} · ${finishedText(provenance)} · ${versionsText(provenance)}`
  );
}
