/** A report is handed on: it names files, and no folders of the machine that they lay on. */
import path from 'node:path';
import type { Cell, Report, Section, Table } from './document.js';
import type { Inline, Sentence } from './quantity.js';
import type { Stored } from './source.js';

/** Fields of results and requests that hold paths. */
const FIELDS: ReadonlySet<string> = new Set([
  'path',
  'paths',
  'data',
  'file',
  'in',
  'result',
  'sources',
  'ids',
  'mapping',
]);

/** Absolute paths that results and requests name, the longest first. */
export function pathsIn(sources: readonly Stored[]): string[] {
  const found = new Set<string>();
  const look = (value: unknown, field: string): void => {
    if (typeof value === 'string') {
      if (FIELDS.has(field))
        for (const one of value.split('+')) if (path.isAbsolute(one) || /^[A-Za-z]:\\/.test(one)) found.add(one);
    } else if (Array.isArray(value)) {
      // Questions, tensors and samples name nothing of the machine, and there may be millions.
      if (!LONG.has(field)) for (const one of value) look(one, field);
    } else if (typeof value === 'object' && value !== null)
      for (const [key, own] of Object.entries(value)) look(own, key);
  };
  for (const { result, request } of sources) {
    look(result, '');
    look(request, '');
  }
  return [...found].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}
const LONG: ReadonlySet<string> = new Set(['questions', 'tensors', 'samples', 'layers', 'missing']);

const UNIX = /(?<![\w.:/<~-])\/(?:[^\s'"<>(),;:|/]+\/)+([^\s'"<>(),;:|/]+)/g;
const WINDOWS = /(?<!\w)[A-Za-z]:\\(?:[^\s'"<>(),;:|\\]+\\)*([^\s'"<>(),;:|\\]+)/g;

/** Paths become the names at their ends. @param known of which it is certain where they end */
export function withoutFolders(text: string, known: readonly string[]): string {
  if (!/[/\\]/.test(text)) return text;
  let plain = text;
  for (const one of known) plain = plain.replaceAll(one, one.split(/[\\/]/).findLast((part) => part !== '') ?? one);
  return plain.replace(UNIX, '$1').replace(WINDOWS, '$1');
}

/** Every text of the report through `change`: numbers and their places stay. */
export function mapTexts(report: Report, change: (text: string) => string): Report {
  const inline = (part: Inline): Inline => (typeof part === 'string' ? change(part) : part);
  const sentence = (parts: Sentence): Sentence => parts.map(inline);
  const cell = (one: Cell): Cell => (typeof one === 'string' ? change(one) : one);
  const table = (one: Table): Table => ({
    ...one,
    caption: change(one.caption),
    columns: one.columns.map((column) => ({ ...column, title: change(column.title) })),
    rows: one.rows.map((row) => row.map(cell)),
    ...(one.note && { note: sentence(one.note) }),
  });
  const section = (one: Section): Section => ({
    ...one,
    title: change(one.title),
    findings: one.findings.map(({ lead, items }) => ({ lead: sentence(lead), items: items.map(sentence) })),
    limits: one.limits.map(sentence),
    tables: one.tables.map(table),
    figures: one.figures.map((figure) => ({
      ...figure,
      caption: sentence(figure.caption),
      drawing: { ...figure.drawing, svg: change(figure.drawing.svg) },
    })),
  });
  return {
    ...report,
    title: change(report.title),
    subtitle: change(report.subtitle),
    sections: report.sections.map(section),
    protocol: report.protocol.map(table),
    limits: report.limits.map(sentence),
    provenance: report.provenance.map(table),
    commands: report.commands.map(change),
  };
}
