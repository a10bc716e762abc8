/** The export menus of a freeze experiment's answers and of a verification. */
import { csv } from '../../src/protocol/csv.js';
import type { FreezeReport, VerifyResult } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import { markdownCell } from '../exporters/tables.js';
import type { Theme } from '../theme.js';
import { contrastsDrawing } from './drawings.js';
import { forestOf, groupRows, intervalText, MEASURE_NAMES, points, pText, QUESTIONS, VERDICT_WORDS } from './model.js';

export function reportExports(context: PanelContext, report: FreezeReport, title: string): MenuEntry[] {
  const { text, json, svg, png, copy } = savingOf(context, title);
  const drawing = (theme: Theme) => contrastsDrawing(report, title, theme);
  return [
    { heading: 'Numbers' },
    {
      label: 'Answers as CSV…',
      testId: 'export-contrasts-csv',
      run: () => text('answers', 'csv', contrastsCsv(report)),
    },
    { label: 'Report as JSON…', testId: 'export-report-json', run: () => json('report', report) },
    { heading: 'Figure' },
    { label: 'Figure as SVG…', testId: 'export-contrasts-svg', run: () => svg('figure', drawing(PAPER)) },
    { label: 'Figure as PNG…', testId: 'export-contrasts-png', run: () => png('figure', drawing(context.theme.now())) },
    { heading: 'Copy' },
    {
      label: 'Table as Markdown',
      testId: 'copy-contrasts-md',
      run: () => copy(contrastsMarkdown(report), 'Table copied.'),
    },
  ];
}

export function contrastsCsv({ rows }: FreezeReport): string {
  return csv([
    [
      'run',
      'seed',
      'measure',
      'question',
      'verdict',
      'difference',
      'low 95',
      'high 95',
      'low 90',
      'high 90',
      'won',
      'lost',
      'n',
      'p',
      'p (Holm)',
    ],
    ...rows.flatMap((row) =>
      QUESTIONS.flatMap(({ key }) => {
        const contrast = row[key];
        if (contrast === null) return [];
        const { verdict, difference, low, high, equivalence, won, lost, n, p, adjusted } = contrast;
        return [
          [
            row.run,
            row.seed,
            row.measure,
            key,
            verdict,
            difference,
            low,
            high,
            equivalence.low,
            equivalence.high,
            won,
            lost,
            n,
            p,
            adjusted,
          ],
        ];
      }),
    ),
  ]);
}

function contrastsMarkdown(report: FreezeReport): string {
  const { rows } = forestOf(report);
  return [
    `| Frozen | Measure | ${QUESTIONS.map(({ title }) => title).join(' | ')} |`,
    `| --- | --- | ${QUESTIONS.map(() => '---').join(' | ')} |`,
    ...rows.map(({ run, measure, contrasts }) => {
      const cells = QUESTIONS.map(({ key }) => {
        const contrast = contrasts[key];
        if (contrast === null) return '–';
        const { verdict, difference, equivalence, adjusted } = contrast;
        return `${VERDICT_WORDS[verdict]}: ${points(difference)} (${intervalText(equivalence)}), ${pText(adjusted)}`;
      });
      return `| ${markdownCell(run)} | ${MEASURE_NAMES[measure]} | ${cells.join(' | ')} |`;
    }),
    '',
  ].join('\n');
}

export function verificationExports(context: PanelContext, result: VerifyResult, title: string): MenuEntry[] {
  const { text, json } = savingOf(context, title);
  return [
    { heading: 'Numbers' },
    {
      label: 'Regions as CSV…',
      testId: 'export-regions-csv',
      run: () => text('regions', 'csv', regionsCsv(result)),
    },
    { label: 'Result as JSON…', testId: 'export-verification-json', run: () => json('verification', result) },
  ];
}

export function regionsCsv({ runs }: VerifyResult): string {
  return csv([
    ['run', 'region or part', 'state', 'tensors', 'parameters', 'update', 'times floor', 'changed'],
    ...runs.flatMap(({ run, verification }) =>
      verification === null
        ? []
        : groupRows(verification).map(({ group, state, tensors, parameters, fro, timesFloor, changed }) => [
            run,
            group,
            state,
            tensors,
            parameters,
            fro,
            timesFloor,
            changed,
          ]),
    ),
  ]);
}
