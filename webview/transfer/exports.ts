/** The export menu of an evaluation. */
import type { PanelContext } from '../context.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import type { Theme } from '../theme.js';
import { forestSvg } from './forestSvg.js';
import { reading, referenceOf, type TransferModel } from './model.js';
import { judgeText, servedLines } from '../../src/protocol/evaluationReading.js';
import { answersCsv, scoresCsv, tableMarkdown } from './numbers.js';
import { sweepFigure } from './sweep.js';
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
  const drawing = (theme: Theme): Drawing => {
    const words = { title, description: reading(model, against()).join(' '), caption: captionOf(model) };
    const figure = sweepFigure(model, against());
    return figure === null ? forestSvg(model, against(), words, theme) : linesSvg([figure], words, theme);
  };
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

export function captionOf({ result }: TransferModel): string {
  const { imported, maxNewTokens } = result;
  const length = imported === undefined ? `at most ${maxNewTokens} new tokens` : `answers from ${imported.format}`;
  const served = servedLines(result).map((line) => ` · ${line}`);
  return (
    `${result.sets.map((set) => `${set.name} (${set.questions})`).join(', ')} · 95% intervals · ` +
    `${length} · ${judgeText(result)}${served.join('')}`
  );
}
