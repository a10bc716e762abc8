/** The export menu of probes: what is in sight, as numbers and as drawings. */
import type { PanelContext } from '../context.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import type { Theme } from '../theme.js';
import { figuresOf } from './choice.js';
import { linesDrawing, surfaceDrawing } from './drawings.js';
import type { ProbeModel } from './model.js';
import { attentionCsv, curvesCsv, figuresMarkdown, routingCsv, samplesCsv } from './numbers.js';
import type { ProbeView } from './view.js';

/** @param now the user's choices at the time of exporting */
export function probeExports(
  context: PanelContext,
  model: ProbeModel,
  title: string,
  now: () => ProbeView,
): MenuEntry[] {
  const { text, json, svg, png, copy } = savingOf(context, model.checkpoints.map(({ label }) => label).join('-'));
  const curves = [...model.vision, ...model.reasoning];
  const what = () => now().tab;
  const figures = () => figuresOf(model, now(), now().tab);
  const lines = (theme: Theme) => linesDrawing(model, title, what(), figures(), theme);
  const surface = (theme: Theme) => surfaceDrawing(model, title, now(), theme);
  const editor = () => context.theme.now();
  return [
    { heading: 'Numbers' },
    {
      label: 'Curves as CSV…',
      testId: 'export-curves-csv',
      run: () => text(what(), 'csv', tableOf(model, what())),
    },
    {
      label: 'Samples and answers as CSV…',
      testId: 'export-samples-csv',
      run: () => text('answers', 'csv', samplesCsv(model, curves)),
    },
    {
      label: 'Result as JSON…',
      testId: 'export-probe-json',
      run: () => json('probe', model.results.length === 1 ? model.results[0] : model.results),
    },
    { heading: 'Visible figures' },
    { label: 'Curves as SVG…', testId: 'export-curves-svg', run: () => svg(what(), lines(PAPER)) },
    { label: 'Curves as PNG…', testId: 'export-curves-png', run: () => png(what(), lines(editor())) },
    { label: 'Heat map as SVG…', testId: 'export-surface-svg', run: () => svg('surface', surface(PAPER)) },
    { label: 'Heat map as PNG…', testId: 'export-surface-png', run: () => png('surface', surface(editor())) },
    { heading: 'Copy' },
    {
      label: 'Numbers as Markdown',
      testId: 'copy-probe-md',
      run: () => copy(figuresMarkdown(model, figures()), 'Numbers copied.'),
    },
  ];
}

function tableOf(model: ProbeModel, tab: ProbeView['tab']): string {
  switch (tab) {
    case 'localization':
      return curvesCsv(model, [...model.vision, ...model.reasoning]);
    case 'attention':
      return attentionCsv(model);
    case 'routing':
      return routingCsv(model);
  }
}
