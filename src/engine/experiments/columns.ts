/** The columns of a file of questions, and some of their values: what conditions may name. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { openRegular } from '../checkpoint/regular.js';
import { cellOf, columnsOf } from '../datasets/condition.js';
import { openParquet } from '../parquet/file.js';

type Row = Readonly<Record<string, unknown>>;

export interface Column {
  name: string;
  /** Short values, as a condition writes them; none where there are many. */
  values: string[];
}

/** Rows, and bytes of them, that are looked at. */
const [ROWS, BYTES] = [200, 1 << 20];
/** A column with more is no choice of a few. */
const VALUES = 20;
const LENGTH = 60;

/** Of a file, or of the first file of a folder; none where it cannot be read. */
export async function columnsIn(data: string, signal?: AbortSignal): Promise<Column[]> {
  try {
    const rows = await rowsOf(await fileOf(data), signal);
    const names = [...new Set(rows.flatMap(columnsOf))];
    return names.map((name) => ({ name, values: valuesOf(rows, name) }));
  } catch {
    return []; // said by who reads the set
  }
}

async function fileOf(data: string): Promise<string> {
  if (!(await stat(data)).isDirectory()) return data;
  const [first] = (await readdir(data)).filter((name) => /\.(?:jsonl|parquet)$/.test(name)).sort();
  return path.join(data, first ?? '');
}

async function rowsOf(file: string, signal: AbortSignal | undefined): Promise<Row[]> {
  if (!file.endsWith('.parquet')) return (await headOf(file)).flatMap(objectIn);
  const parquet = await openParquet(file, signal);
  try {
    const columns = parquet.columns.filter((name) => !/^(?:decoded_)?images?(?:_\d+)?$/.test(name));
    return await parquet.read(columns, 0, Math.min(parquet.rows, ROWS));
  } finally {
    await parquet.close();
  }
}

/** Whole lines of the beginning. */
async function headOf(file: string): Promise<string[]> {
  const handle = await openRegular(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BYTES), 0, BYTES, 0);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return (bytesRead === BYTES ? lines.slice(0, -1) : lines).slice(0, ROWS);
  } finally {
    await handle.close();
  }
}

function objectIn(line: string): Row[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as Row] : [];
  } catch {
    return [];
  }
}

function valuesOf(rows: readonly Row[], column: string): string[] {
  const values = new Set<string>();
  for (const row of rows)
    for (const cell of [cellOf(row, column)].flat()) {
      if (!['string', 'number', 'boolean', 'bigint'].includes(typeof cell)) continue;
      const word = String(cell);
      if (word === '' || word.length > LENGTH || word.includes('\n')) return [];
      values.add(word);
      if (values.size > VALUES) return [];
    }
  return [...values].sort();
}
