/**
 * A report as one HTML file: no script, nothing from elsewhere. Every number is a `data` element with the run and the
 * place in its JSON that it is read from.
 */
import { createHash } from 'node:crypto';
import { element, escape } from '../../webview/exporters/svg.js';
import type { Cell, Column, Figure, Finding, Report, Section, Table } from './document.js';
import { type Inline, type Quantity, type Sentence, written } from './quantity.js';
import { STYLE } from './style.js';

export function htmlOf(report: Report): string {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escape(report.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>
<header>
<h1>${escape(report.title)}</h1>
<p class="quiet">${escape(report.subtitle)}${report.date === '' ? '' : ` · <time datetime="${escape(report.date)}">${escape(report.date.slice(0, 10))}</time>`}</p>
</header>
${contents(report)}
<main>
${findings(report)}
${report.sections.map(sectionOf).join('\n')}
${heading('protocol', 'Protocol')}
${report.protocol.map(tableOf).join('\n')}
${endOfSection}
${heading('limits', 'Limits')}
${list(report.limits)}
${endOfSection}
${heading('provenance', 'Provenance')}
${report.provenance.map(tableOf).join('\n')}
${report.commands.length === 0 ? '' : `<h3>Commands</h3>\n<pre><code>${escape(report.commands.join('\n'))}</code></pre>`}
<p class="note">Every number names, in this file's source, its run and the place in that run's JSON that it is read from (<code>data-run</code>, <code>data-pointer</code>); <code>data-formula</code> names how it is computed where it is not stored.</p>
${endOfSection}
</main>
</body>
</html>
`;
}

const heading = (id: string, title: string) =>
  `<section aria-labelledby="${id}">\n<h2 id="${id}">${escape(title)}</h2>`;
const endOfSection = '</section>';

function contents({ sections }: Report): string {
  const entry = (id: string, title: string) => `<li><a href="#${id}">${escape(title)}</a></li>`;
  return [
    '<nav aria-label="Contents">',
    '<ol>',
    entry('findings', 'Findings'),
    ...sections.map(({ id, title }) => entry(sectionId(id), title)),
    entry('protocol', 'Protocol'),
    entry('limits', 'Limits'),
    entry('provenance', 'Provenance'),
    '</ol>',
    '</nav>',
  ].join('\n');
}

const sectionId = (id: string) => `section-${id}`;

function findings({ sections }: Report): string {
  return [
    heading('findings', 'Findings'),
    ...sections
      .filter((section) => section.findings.length > 0)
      .map(
        ({ id, title, findings: own }) =>
          `<h3><a href="#${sectionId(id)}">${escape(title)}</a></h3>\n${findingList(own)}`,
      ),
    endOfSection,
  ].join('\n');
}

function sectionOf({ id, title, figures, tables }: Section): string {
  return [heading(sectionId(id), title), ...figures.map(figureOf), ...tables.map(tableOf), endOfSection].join('\n');
}

function list(sentences: readonly Sentence[]): string {
  return sentences.length === 0
    ? '<p>None.</p>'
    : `<ul>\n${sentences.map((sentence) => `<li>${sentenceOf(sentence)}</li>`).join('\n')}\n</ul>`;
}

function findingList(findings: readonly Finding[]): string {
  const entries = findings.map(
    ({ lead, items }) => `<li>${sentenceOf(lead)}${items.length === 0 ? '' : `\n${list(items)}`}</li>`,
  );
  return `<ul>\n${entries.join('\n')}\n</ul>`;
}

function figureOf({ id, caption, drawing }: Figure): string {
  return [
    `<figure id="figure-${id}">`,
    `<div class="drawing">${inlineSvg(drawing.svg, id)}</div>`,
    `<figcaption>${sentenceOf(caption)} <span class="files">(<a href="figures/${id}.svg">SVG</a>, <a ` +
      `href="figures/${id}.pdf">PDF</a>)</span></figcaption>`,
    '</figure>',
  ].join('\n');
}

/** A drawing within the page: its ids are unique among those of all drawings. */
export function inlineSvg(svg: string, id: string): string {
  return svg
    .replace(/^<\?xml[^>]*\?>\s*/, '')
    .replace(/ id="([^"]*)"/g, (_, own: string) => ` id="${id}-${own}"`)
    .replace(/url\(#/g, `url(#${id}-`)
    .replace(/ aria-labelledby="([^"]*)"/, (_, own: string) => {
      const ids = own.split(' ').map((one) => `${id}-${one}`);
      return ` aria-labelledby="${ids.join(' ')}"`;
    })
    .trim();
}

function tableOf(table: Table): string {
  const { id, caption, rows, note, folded } = table;
  const files = ['csv', 'md', 'tex'].map((ending) => `<a href="tables/${id}.${ending}">${ending.toUpperCase()}</a>`);
  const whole = [
    gridOf(table),
    ...(note === undefined ? [] : [`<p class="note">${sentenceOf(note)}</p>`]),
    `<p class="files">${files.join(', ')}</p>`,
  ];
  if (folded !== true) return whole.join('\n');
  return ['<details>', `<summary>${escape(caption)} (${rows.length} rows)</summary>`, ...whole, '</details>'].join(
    '\n',
  );
}

function gridOf({ id, caption, columns, rows }: Table): string {
  return [
    `<div class="scroll" tabindex="0" role="region" aria-label="${escape(caption)}">`,
    `<table id="table-${id}">`,
    `<caption>${escape(caption)}</caption>`,
    `<thead><tr>${columns.map(headOf).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map((row) => `<tr>${row.map((cell, at) => cellOf(cell, columns[at]!, at)).join('')}</tr>`),
    '</tbody>',
    '</table>',
    '</div>',
  ].join('\n');
}

const headOf = ({ title, numeric }: Column) =>
  `<th scope="col"${numeric === true ? ' class="number"' : ''}>${escape(title)}</th>`;

function cellOf(cell: Cell, { numeric }: Column, at: number): string {
  const own = numeric === true ? 'number' : 'text';
  const content =
    cell === null
      ? '–'
      : typeof cell === 'string'
        ? escape(cell)
        : cell.kind === 'quantity'
          ? quantityOf(cell)
          : `${quantityOf(cell.value)} <span class="interval">(${quantityOf(cell.low)} to ` +
            `${quantityOf(cell.high)})</span>`;
  return at === 0 ? `<th scope="row">${content}</th>` : `<td class="${own}">${content}</td>`;
}

function sentenceOf(sentence: Sentence): string {
  // A number and its sign stay on one line.
  const words = (part: string) => escape(part.replace(/(^|\d) %/g, '$1\u00a0%').replace(/\bn = $/, 'n\u00a0=\u00a0'));
  return sentence.map((part: Inline) => (typeof part === 'string' ? words(part) : quantityOf(part))).join('');
}

function quantityOf(quantity: Quantity): string {
  const { run, pointer, value, form, derived } = quantity;
  return element(
    'data',
    {
      value: value === null ? '' : String(value),
      'data-run': run,
      'data-pointer': pointer,
      'data-form': form,
      'data-formula': derived,
    },
    escape(written(quantity)),
  );
}
