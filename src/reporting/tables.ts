/** Tables as files: LaTeX with booktabs, Markdown, and CSV in full precision. */
import { type Cell as Plain, csv } from '../engine/report/csv.js';
import { markdownCell } from '../../webview/exporters/tables.js';
import type { Cell, Column, Table } from './document.js';
import { type Sentence, written } from './quantity.js';

/** Values as they are stored: an estimate has three columns. */
export function csvOf({ columns, rows }: Table): string {
  const wide = columns.map((_, at) => rows.some((row) => isEstimate(row[at])));
  const head = columns.flatMap(({ title }, at) => (wide[at] ? [title, `${title} (low)`, `${title} (high)`] : [title]));
  const body = rows.map((row) =>
    row.flatMap((cell, at): Plain[] => {
      const own = plainOf(cell);
      return wide[at] && own.length === 1 ? [...own, null, null] : own;
    }),
  );
  return csv([head, ...body]);
}

const isEstimate = (cell: Cell | undefined) =>
  cell !== undefined && cell !== null && typeof cell !== 'string' && cell.kind === 'estimate';

function plainOf(cell: Cell): Plain[] {
  if (cell === null || typeof cell === 'string') return [cell];
  return cell.kind === 'quantity' ? [cell.value] : [cell.value.value, cell.low.value, cell.high.value];
}

/** As a reader sees it. */
export function textOf(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  if (cell.kind === 'quantity') return written(cell);
  return `${written(cell.value)} (${written(cell.low)} to ${written(cell.high)})`;
}

const sentenceText = (sentence: Sentence) =>
  sentence.map((part) => (typeof part === 'string' ? part : written(part))).join('');

export function markdownOf({ caption, columns, rows, note }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    markdownLine(caption),
    '',
    line(columns.map(({ title }) => markdownLine(title))),
    `|${columns.map(({ numeric }) => (numeric === true ? ' ---: ' : ' --- ')).join('|')}|`,
    ...rows.map((row) => line(row.map((cell) => markdownLine(textOf(cell))))),
    ...(note === undefined ? [] : ['', markdownLine(sentenceText(note))]),
    '',
  ].join('\n');
}

const markdownLine = (text: string) => markdownCell(text).replace(/&/g, '&amp;').replace(/\$/g, '\\$');

/** What LaTeX would act on, and signs that its usual fonts lack. */
const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '−': '$-$',
  '–': '--',
  '…': '\\ldots{}',
  '→': '$\\rightarrow$',
  '×': '$\\times$',
  '±': '$\\pm$',
  '‖': '$\\|$',
  Δ: '$\\Delta$',
  α: '$\\alpha$',
  σ: '$\\sigma$',
  ᵢ: '$_i$',
  '₁': '$_1$',
  '’': "'",
  '\n': ' ',
  '\r': ' ',
  '\t': ' ',
};

export function latexText(text: string): string {
  // eslint-disable-next-line no-control-regex -- LaTeX ends at some of these
  return [...text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')]
    .map((one) => LATEX[one] ?? one)
    .join('');
}

/** For `\usepackage{booktabs}`. */
export function latexOf({ id, caption, columns, rows, note }: Table): string {
  const line = (cells: readonly string[]) => `    ${cells.join(' & ')} \\\\`;
  const head = columns.map(({ title }: Column) => latexText(title));
  return [
    '% needs \\usepackage{booktabs}',
    '\\begin{table}[tbp]',
    '  \\centering',
    `  \\caption{${latexText(caption)}}`,
    `  \\label{tab:${id}}`,
    `  \\begin{tabular}{${columns.map(({ numeric }) => (numeric === true ? 'r' : 'l')).join('')}}`,
    '    \\toprule',
    line(head),
    '    \\midrule',
    // A bracket at the beginning of a row would be an argument of the row's end before it.
    ...rows.map((row) =>
      line(row.map((cell, at) => (at === 0 ? `{}${latexText(textOf(cell))}` : latexText(textOf(cell))))),
    ),
    '    \\bottomrule',
    '  \\end{tabular}',
    ...(note === undefined ? [] : [`  \\par\\smallskip\\footnotesize ${latexText(sentenceText(note))}`]),
    '\\end{table}',
    '',
  ].join('\n');
}
