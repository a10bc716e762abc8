/** The export menu of an evaluation. */
import type { PanelContext } from '../context.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import type { Theme } from '../theme.js';
import { abilitiesDrawing } from './drawings.js';
import { referenceOf, type TransferModel } from './model.js';
import { answersCsv, scoresCsv, tableMarkdown } from './numbers.js';
import type { TransferView } from './view.js';

/** @param now the user's choices at the time of exporting */
export function evaluationExports(
  context: PanelContext,
  model: TransferModel,
  title: string,
  now: () => TransferView,
): MenuEntry[] {
  const { text, json, svg, png, copy } = savingOf(context, title === '' ? 'evaluation' : title);
  const against = () => referenceOf(model, now().against);
  const drawing = (theme: Theme) => abilitiesDrawing(model, title, against(), theme);
  return [
    { heading: 'Numbers' },
    {
      label: 'Abilities as CSV…',
      testId: 'export-scores-csv',
      run: () => text('abilities', 'csv', scoresCsv(model)),
    },
    {
      label: 'Questions and answers as CSV…',
      testId: 'export-answers-csv',
      run: () => text('answers', 'csv', answersCsv(model)),
    },
    { label: 'Result as JSON…', testId: 'export-evaluation-json', run: () => json('result', model.result) },
    { heading: 'Figure' },
    { label: 'Figure as SVG…', testId: 'export-evaluation-svg', run: () => svg('figure', drawing(PAPER)) },
    {
      label: 'Figure as PNG…',
      testId: 'export-evaluation-png',
      run: () => png('figure', drawing(context.theme.now())),
    },
    { heading: 'Copy' },
    {
      label: 'Table as Markdown',
      testId: 'copy-evaluation-md',
      run: () => copy(tableMarkdown(model, against()), 'Table copied.'),
    },
  ];
}
