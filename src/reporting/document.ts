/** A report before it is a file: sections of sentences, figures and tables. HTML, LaTeX, Markdown and CSV are made of it. */
import type { Drawing } from '../../webview/exporters/drawing.js';
import type { Estimate, Quantity, Sentence } from './quantity.js';

export type Cell = string | Quantity | Estimate | null;

export interface Column {
  title: string;
  /** Numbers stand at the right. */
  numeric?: boolean;
}

export interface Table {
  /** Unique in the report: names its files. */
  id: string;
  caption: string;
  columns: readonly Column[];
  /** The first cell of each is its heading. */
  rows: readonly (readonly Cell[])[];
  /** Below it: how it is to be read. */
  note?: Sentence;
  /** Long: folded on screen, and not printed. */
  folded?: boolean;
}

/** A finding without items. */
export function found(lead: Sentence): Finding {
  return { lead, items: [] };
}

export interface Figure {
  /** Unique in the report: names its files. */
  id: string;
  caption: Sentence;
  drawing: Drawing;
}

/** What was found: a sentence, and what it says of each. */
export interface Finding {
  lead: Sentence;
  items: readonly Sentence[];
}

export interface Section {
  id: string;
  title: string;
  findings: readonly Finding[];
  figures: readonly Figure[];
  tables: readonly Table[];
  /** What was not measured, or is to be read with care. */
  limits: readonly Sentence[];
}

export interface Report {
  title: string;
  /** Below the title. */
  subtitle: string;
  /** When the newest of its runs was finished; ISO 8601. */
  date: string;
  sections: readonly Section[];
  /** How things were measured. */
  protocol: readonly Table[];
  /** What was not. */
  limits: readonly Sentence[];
  provenance: readonly Table[];
  /** As they are typed. */
  commands: readonly string[];
}

/** Every table, in the order of the report. */
export function tablesOf({ sections, protocol, provenance }: Report): Table[] {
  return [...sections.flatMap(({ tables }) => tables), ...protocol, ...provenance];
}

export function figuresOf({ sections }: Report): Figure[] {
  return sections.flatMap(({ figures }) => figures);
}
