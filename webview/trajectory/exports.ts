/** The export menu of a trajectory. */
import { stepsCsv } from '../../src/protocol/trajectoryReading.js';
import type { PanelContext } from '../context.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import type { Theme } from '../theme.js';
import { linesDrawing, stepsDrawing } from './drawings.js';
import type { Drawn } from './figures.js';
import type { TrajectoryModel } from './model.js';
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
  const lines = (theme: Theme) => linesDrawing(model, title, now(), theme);
  const heat = (theme: Theme) => stepsDrawing(model, title, now(), theme);
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
