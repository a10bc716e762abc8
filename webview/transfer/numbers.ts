/** An evaluation as CSV and Markdown. No DOM. */
import { csv } from '../../src/protocol/csv.js';
import type { Setting } from '../../src/protocol/engineApi.js';
import { markdownCell } from '../exporters/tables.js';
import { formatFraction } from '../format.js';
import {
  ABILITY_NAMES,
  comparisonOf,
  intervalText,
  pText,
  points,
  scoreOf,
  SIGNIFICANT,
  type TransferModel,
} from './model.js';

export function scoresCsv(model: TransferModel): string {
  const head = [
    'checkpoint',
    'role',
    'ability',
    'n',
    'hits',
    'value',
    'low',
    'high',
    'against',
    'difference',
    'difference low',
    'difference high',
    'lost',
    'won',
    'p',
    'p (Holm)',
  ];
  return csv([
    head,
    ...model.rows.flatMap((row) =>
      model.abilities.flatMap((ability) => {
        const { n, hits, value, low, high } = scoreOf(model, row.index, ability)!;
        const own = [row.label, row.role, ability, n, hits, value, low, high];
        const compared = model.references.flatMap((against) => comparisonOf(model, row.index, against, ability) ?? []);
        return compared.length === 0
          ? [own]
          : compared.map((one) => [
              ...own,
              model.rows[one.against]!.label,
              one.difference,
              one.low,
              one.high,
              one.tf,
              one.ft,
              one.p,
              one.adjusted,
            ]);
      }),
    ),
  ]);
}

/** One row per question, setting and checkpoint. */
export function answersCsv({ result, rows }: TransferModel): string {
  const head = ['question', 'set', 'task', 'prompt', 'truth', 'setting', 'checkpoint', 'answer', 'right'];
  return csv([
    head,
    ...result.questions.flatMap(({ id, set, task, prompt, truth, answers, right }) =>
      (Object.entries(answers) as [Setting, string[]][]).flatMap(([setting, texts]) =>
        texts.map((text, index) => [
          id,
          set,
          task,
          prompt,
          truth,
          setting,
          rows[index]!.label,
          text,
          right[setting]![index] ? 'yes' : 'no',
        ]),
      ),
    ),
  ]);
}

/** The table as shown; ▲ ▼ where the difference holds after the correction. */
export function tableMarkdown(model: TransferModel, against: number | null): string {
  const { rows, abilities } = model;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const body = rows.map((row) =>
    line([
      markdownCell(row.label),
      ...abilities.map((ability) => {
        const score = scoreOf(model, row.index, ability)!;
        const comparison = comparisonOf(model, row.index, against, ability);
        const mark =
          comparison !== undefined && comparison.adjusted < SIGNIFICANT
            ? ` ${comparison.difference > 0 ? '▲' : '▼'} ${points(comparison.difference)}, ` +
              `${pText(comparison.adjusted)}`
            : '';
        return `${formatFraction(score.value)} (${intervalText(score)})${mark}`;
      }),
    ]),
  );
  const head = [
    'Checkpoint',
    ...abilities.map((ability) => `${ABILITY_NAMES[ability]} (n = ${scoreOf(model, 0, ability)!.n})`),
  ];
  const note =
    against === null
      ? ''
      : '\n\nFractions with 95% intervals (Wilson); ▲ ▼: differs from ' +
        `${markdownCell(rows[against]!.label)} (McNemar, Holm-corrected, p < ${SIGNIFICANT}).`;
  return `${line(head)}\n|${head.map((_, index) => (index === 0 ? ' --- ' : ' ---: ')).join('|')}|\n${body.join('\n')}${note}\n`;
}
