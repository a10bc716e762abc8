/** trackio's database: a row per log, with its numbers as JSON. */
import { malformed, shown, thousands } from '../checkpoint/failure.js';
import { readDatabase, stateOf, withDatabase, type Query } from './database.js';
import { parsePythonJson, stepOf } from './numbers.js';
import type { Source } from './sources.js';
import { Stream } from './stream.js';

const MOST_ROWS = 2_000_000;
/** Bytes of one row's numbers. */
const LONGEST_ROW = 1024 * 1024;

interface TrackioRun {
  /** trackio's id, or the name in databases of older versions. */
  id: string;
  name: string;
  stream: Stream;
}

export class Trackio implements Source {
  readonly format = 'trackio';
  readonly completions: Source['completions'] = new Map();
  private mark = '';
  private known = new Map<string, TrackioRun>();
  /** Row ids: what comes after is new, where nothing before has changed. */
  private lastRow = 0;
  private names = '[]';
  private bad = 0;
  records = 0;
  bytes = 0;

  constructor(readonly file: string) {}

  get streams(): ReadonlyMap<string, Stream> {
    const runs = [...this.known.values()];
    return new Map(
      runs.map(({ id, name, stream }) => [
        runs.some((other) => other.name === name && other.id !== id) ? `${name} · ${id.slice(0, 8)}` : name,
        stream,
      ]),
    );
  }

  get problem(): string | null {
    if (this.bad > 0)
      return `${thousands(this.bad)} rows of ${shown(this.file)} hold no JSON object with a step, and are left out.`;
    const limit = [...this.known.values()].find(({ stream }) => stream.limit !== null)?.stream.limit;
    return limit === undefined ? null : `${shown(this.file)} ${limit}`;
  }

  async read(signal?: AbortSignal): Promise<boolean> {
    if ((await stateOf(this.file)).mark === this.mark) return false;
    const { bytes, state } = await readDatabase(this.file, signal);
    await withDatabase(this.file, bytes, (query) => this.readRows(query));
    this.mark = state.mark;
    this.bytes = state.bytes;
    return true;
  }

  private readRows(query: Query): void {
    const columns = columnsOf(query, this.file);
    const id = columns.includes('run_id') ? 'coalesce(run_id, run_name)' : 'run_name';
    const names = JSON.stringify([...query(`SELECT DISTINCT ${id}, run_name FROM metrics LIMIT 10000`)]);
    const [[count] = [0]] = [...query('SELECT count(*) FROM metrics WHERE rowid <= ?', this.lastRow)];
    const kept = new Set((JSON.parse(names) as unknown[]).map(String));
    const before = (JSON.parse(this.names) as unknown[]).map(String);
    // A run that was renamed or deleted changes rows that were read.
    if (count !== this.records + this.bad || before.some((one) => !kept.has(one))) this.forget();
    this.names = names;
    const rows = query(
      `SELECT rowid, ${id}, run_name, step, CASE WHEN octet_length(metrics) <= ? THEN metrics END ` +
        'FROM metrics WHERE rowid > ? ORDER BY rowid LIMIT ?',
      LONGEST_ROW,
      this.lastRow,
      MOST_ROWS + 1,
    );
    for (const [row, run, name, step, metrics] of rows) {
      if (this.records + this.bad >= MOST_ROWS)
        throw malformed(this.file, `has more than ${thousands(MOST_ROWS)} rows.`);
      this.lastRow = Number(row);
      if (this.take(String(run), String(name), stepOf(step), metrics)) this.records++;
      else this.bad++;
    }
  }

  private take(id: string, name: string, given: number | undefined, metrics: unknown): boolean {
    const text = metrics instanceof Uint8Array ? Buffer.from(metrics).toString('utf8') : metrics;
    if (typeof text !== 'string') return false;
    let values: unknown;
    try {
      values = parsePythonJson(text);
    } catch {
      return false;
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values)) return false;
    // transformers logs without a step: trackio counts then, and the trainer's own is among the values.
    const step = stepOf((values as Record<string, unknown>)['train/global_step']) ?? given;
    if (step === undefined) return false;
    let run = this.known.get(id);
    if (run === undefined) this.known.set(id, (run = { id, name, stream: new Stream() }));
    run.stream.add(step, Object.entries(values));
    return true;
  }

  private forget(): void {
    this.known = new Map();
    this.lastRow = this.records = this.bad = 0;
  }
}

/**
 * Columns of the table, which must be a plain one: a view, or a column that is computed, would be a program of the
 * file.
 * @throws `malformed`
 */
function columnsOf(query: Query, file: string): string[] {
  const [table] = [...query("SELECT type, sql FROM sqlite_master WHERE name = 'metrics' LIMIT 2")];
  const columns = [...query("SELECT name, hidden FROM pragma_table_xinfo('metrics') LIMIT 200")];
  const names = columns.map(([name]) => String(name));
  const isPlain =
    table?.[0] === 'table' &&
    /^\s*CREATE\s+TABLE/i.test(String(table[1])) &&
    columns.every(([, hidden]) => hidden === 0) &&
    ['run_name', 'step', 'metrics'].every((name) => names.includes(name));
  if (!isPlain)
    throw malformed(file, 'is no database of trackio: it has no table metrics of run_name, step and metrics.');
  return names;
}
