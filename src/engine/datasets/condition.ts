/**
 * Conditions on columns, as people type them: `metadata.category=general-vqa`, `level >= 4`, `subject in (Algebra,
 * Geometry)`. Rows that meet all of them are read; the others are no part of the set.
 */
import { malformed, quoted, shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';

type Operator = '=' | '!=' | '>=' | '<=' | '>' | '<' | 'in';

export interface Condition {
  /** As it was typed. */
  text: string;
  /** A column; or names joined by dots, of what lies inside. */
  column: string;
  operator: Operator;
  /** One; several for `in`. */
  values: readonly string[];
}

type Row = Readonly<Record<string, unknown>>;

/** @throws `bad-request` with what would do */
export function conditionOf(text: string): Condition {
  const [, column, words] = /^\s*([^=!<>]+?)\s+in\s*\(([^()]*)\)\s*$/i.exec(text) ?? [];
  if (column !== undefined && words!.trim() !== '')
    return { text: text.trim(), column, operator: 'in', values: words!.split(',').map(bare) };
  const [, name, operator, value] = /^\s*([^=!<>]+?)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*$/s.exec(text) ?? [];
  const numeric = operator !== undefined && /[<>]/.test(operator);
  if (name === undefined || (numeric && !isNumber(value!)))
    throw new FrankensteinError(
      'bad-request',
      `${quoted(text)} is no condition: write a column, an operator and a value, such as ` +
        'metadata.category=general-vqa, level>=4 or "subject in (Algebra, Geometry)".',
    );
  return { text: text.trim(), column: name, operator: operator as Operator, values: [bare(value!)] };
}

/** Without spaces and quotation marks around it. */
function bare(word: string): string {
  const trimmed = word.trim();
  const [, , inside] = /^(["'])(.*)\1$/s.exec(trimmed) ?? [];
  return inside ?? trimmed;
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

/** What a row has in a column, or below it; undefined where it has no such column. Objects written as JSON are read. */
export function cellOf(row: Row, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column];
  for (let dot = column.indexOf('.'); dot > 0; dot = column.indexOf('.', dot + 1)) {
    const outer = column.slice(0, dot);
    if (!Object.hasOwn(row, outer)) continue;
    const inside = objectOf(row[outer]);
    if (inside !== undefined) return cellOf(inside, column.slice(dot + 1));
  }
  return undefined;
}

function objectOf(cell: unknown): Row | undefined {
  let value = cell;
  if (typeof cell === 'string' && cell.trim().startsWith('{')) {
    try {
      value = JSON.parse(cell);
    } catch {
      return undefined;
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    ? (value as Row)
    : undefined;
}

/** Names that conditions may use for this row, the inner ones after their columns. */
export function columnsOf(row: Row): string[] {
  return Object.entries(row).flatMap(([name, cell]) => {
    const inside = objectOf(cell);
    return inside === undefined || 'bytes' in inside ? [name] : Object.keys(inside).map((key) => `${name}.${key}`);
  });
}

/** Values that a sentence lists. */
const NAMED = 12;

/** The conditions on the rows of one file, and what was seen of their columns. */
export class RowFilter {
  /** Values of each column, in the order in which they came. */
  private readonly seen: Map<string, Set<string>>;
  private readonly columns = new Set<string>();

  constructor(
    private readonly conditions: readonly Condition[],
    private readonly file: string,
    /** Columns that are not read, named where a condition is on another. */
    others: readonly string[] = [],
  ) {
    for (const name of others) this.columns.add(name);
    this.seen = new Map(conditions.map(({ column }) => [column, new Set()]));
  }

  /** @throws `malformed` where a number is asked for and there is another text. */
  accepts(row: Row, line: number): boolean {
    if (this.conditions.length === 0) return true;
    if (this.columns.size < 1000) for (const name of columnsOf(row)) this.columns.add(name);
    return this.conditions
      .map((condition) => {
        const cell = cellOf(row, condition.column);
        if (cell === undefined) return condition.operator === '!=';
        const values = this.seen.get(condition.column)!;
        const own = Array.isArray(cell) ? (cell as unknown[]) : [cell];
        if (values.size <= NAMED) for (const one of own) values.add(wordOf(one));
        return this.meets(own, condition, line);
      })
      .every(Boolean);
  }

  /**
   * Said of a file in which no row is left. @throws `bad-request` for a column that no row has, or for no row at all
   */
  finish(rows: number): void {
    for (const { column } of this.conditions)
      if (this.seen.get(column)!.size === 0 && this.columns.size > 0)
        throw new FrankensteinError(
          'bad-request',
          `${shown(this.file)} has no column ${quoted(column)}; there are ` +
            `${[...this.columns].slice(0, 60).map(shown).join(', ')}.`,
        );
    if (rows > 0 || this.columns.size === 0 || this.conditions.length === 0) return;
    const values = [...this.seen].map(([column, words]) => {
      const named = [...words].slice(0, NAMED).map((word) => shown(word.slice(0, 40)));
      return `${shown(column)}: ${named.join(', ')}${words.size > NAMED ? ', …' : ''}`;
    });
    throw new FrankensteinError(
      'bad-request',
      `${shown(this.file)} has no row with ` +
        `${this.conditions.map(({ text }) => shown(text)).join(' and ')}; there are ` +
        `${values.join('; ')}.`,
    );
  }

  /** Of a list, one that meets it is enough; `!=` holds where none is equal. */
  private meets(cells: readonly unknown[], { operator, values, column }: Condition, line: number): boolean {
    if (operator === '=' || operator === 'in') return cells.some((cell) => values.some((value) => same(cell, value)));
    if (operator === '!=') return !cells.some((cell) => same(cell, values[0]!));
    return cells.some((cell) => {
      if (cell === null || cell === '') return false;
      const word = wordOf(cell);
      if (!isNumber(word))
        throw malformed(
          this.file,
          `row ${line} has ${quoted(word.slice(0, 60))} in ${quoted(column)}, which is no number.`,
        );
      const [own, bound] = [Number(word), Number(values[0])];
      return operator === '>='
        ? own >= bound
        : operator === '<='
          ? own <= bound
          : operator === '>'
            ? own > bound
            : own < bound;
    });
  }
}

function wordOf(cell: unknown): string {
  if (cell === undefined || cell === null) return '';
  if (cell instanceof Uint8Array) return new TextDecoder().decode(cell);
  return typeof cell === 'object'
    ? JSON.stringify(cell, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))
    : `${cell as string | number | boolean | bigint}`;
}

/** By their words, or by their numbers where both are. */
function same(cell: unknown, value: string): boolean {
  const word = wordOf(cell).trim();
  return word === value || (isNumber(word) && isNumber(value) && Number(word) === Number(value));
}
