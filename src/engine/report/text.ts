/** Text for a terminal: what it only shows, tables, numbers as people read them. */

/**
 * Control characters, and marks that turn the direction of text: a name in a file could move the cursor, set the title
 * or fill the clipboard. Lines and tabs are the layout of what is printed.
 */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** What a terminal only shows. In JSON the same text means the same. */
export function printable(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** The same for what is one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` characters for a fraction of 0…1, to an eighth of a character. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  return ('█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!).padEnd(width);
}

/** Columns as wide as their widest cell; cells of `right` columns are right-aligned. */
export function table(cells: readonly (readonly string[])[], right: readonly boolean[]): string {
  const rows = cells.map((row) => row.map(printableLine));
  const widths = right.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three significant digits: 0.00123 → 1.23e-3. */
export function formatNumber(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 0.01 && magnitude < 1000 ? value.toPrecision(3) : value.toExponential(2).replace('e+', 'e');
}

/** To a tenth; never 0% or 100% for what is only nearly that. */
export function formatPercent(value: number | null): string {
  if (value === null) return '–';
  if (value > 0 && value < 0.001) return '<0.1%';
  if (value < 1 && value > 0.999) return '>99.9%';
  return `${(100 * value).toFixed(1)}%`;
}

/** Three significant digits, as in the editor's tree: 3.68 MB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2)} ${units[unit]!}`;
}

export function formatCount(count: number): string {
  // The language's own way loads its tables first, which takes longer than all else of a small report.
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** The end of a plan's sentence: how long it may take, where that is known, and what the figure rests on. */
export function durationClause(seconds: number | null, basis: 'measured' | 'longest'): string {
  if (seconds === null) return '';
  const text = `about ${formatSeconds(seconds)} on this machine`;
  return basis === 'measured' ? `, ${text}` : `, up to ${text} if answers reach max new tokens`;
}

/** `12.3 … 45.6`, of fractions. */
export function interval(low: number, high: number): string {
  return `${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)}`;
}

/** `+1.2`, of a fraction. */
export function signed(fraction: number): string {
  return `${fraction > 0 ? '+' : fraction < 0 ? '−' : ''}${(100 * Math.abs(fraction)).toFixed(1)}`;
}
