/** What a model wrote at one step, from each trainer's file, in one form. */
import { malformed, shown, thousands } from '../checkpoint/failure.js';
import { readRange } from '../checkpoint/read.js';
import { openParquet } from '../parquet/file.js';
import { stat } from 'node:fs/promises';
import { partsOf, textOf } from './messages.js';
import { numberOf, parsePythonJson } from './numbers.js';
import type { CompletionRow } from './result.js';
import type { CompletionPlace } from './sources.js';

/** Completions of a step that are shown. */
export const MOST_ROWS = 256;
/** Bytes of a verl rollout, or of one line of ms-swift's. */
const LARGEST = 128 * 1024 * 1024;

type Row = Readonly<Record<string, unknown>>;

/** Columns that are no reward, by trainer: TRL; ms-swift; verl. */
const PROMPT = ['prompt', 'input'];
const COMPLETION = ['completion', 'output'];
const ADVANTAGE = ['advantage', 'advantages'];
const NOT_SHOWN = new Set(['step', 'gen_step', ...PROMPT, ...COMPLETION, ...ADVANTAGE]);

/** @throws `malformed`, `not-found`, `permission`, `changed`, `cancelled` */
export async function readCompletions(
  places: readonly CompletionPlace[],
  signal?: AbortSignal,
): Promise<{ rows: CompletionRow[]; total: number }> {
  const rows: CompletionRow[] = [];
  let total = 0;
  for (const place of places) {
    const found = place.file.endsWith('.parquet') ? await parquetRows(place, signal) : await jsonRows(place, signal);
    total += found.total;
    for (const row of found.rows) if (rows.length < MOST_ROWS) rows.push(rowOf(row));
  }
  return { rows, total };
}

async function parquetRows({ file }: CompletionPlace, signal?: AbortSignal): Promise<{ rows: Row[]; total: number }> {
  const parquet = await openParquet(file, signal);
  try {
    const end = Math.min(parquet.rows, MOST_ROWS);
    return { rows: await parquet.read(parquet.columns, 0, end), total: parquet.rows };
  } finally {
    await parquet.close();
  }
}

async function jsonRows(
  { file, begin, end }: CompletionPlace,
  signal?: AbortSignal,
): Promise<{ rows: Row[]; total: number }> {
  const last = end ?? (await stat(file)).size;
  if (last - (begin ?? 0) > LARGEST)
    throw malformed(
      file,
      `has ${thousands(last - (begin ?? 0))} bytes of completions; the limit is ${thousands(LARGEST)}.`,
    );
  const text = Buffer.from(await readRange(file, begin ?? 0, last, signal)).toString('utf8');
  const rows = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : rowsOfLine(file, line)));
  return { rows, total: rows.length };
}

/** A row, or lists of values by column, which ms-swift writes. */
function rowsOfLine(file: string, line: string): Row[] {
  let value: unknown;
  try {
    value = parsePythonJson(line);
  } catch {
    throw malformed(file, 'holds a line that is not valid JSON: it is damaged, or still being written.');
  }
  if (typeof value !== 'object' || value === null) throw malformed(file, 'holds a line that is no JSON object.');
  const columns = Object.entries(value as Row);
  const texts = columns.find(([name]) => COMPLETION.includes(name))?.[1];
  if (!Array.isArray(texts)) return [value as Row];
  return texts.map((_, at) =>
    Object.fromEntries(columns.map(([name, list]) => [name, Array.isArray(list) ? (list[at] as unknown) : list])),
  );
}

function rowOf(row: Row): CompletionRow {
  const of = (names: readonly string[]): unknown => names.map((name) => row[name]).find((value) => value !== undefined);
  const rewards: CompletionRow['rewards'] = [];
  const facts: CompletionRow['facts'] = [];
  for (const [name, value] of Object.entries(row)) {
    if (NOT_SHOWN.has(name)) continue;
    const number = typeof value === 'string' || typeof value === 'boolean' ? undefined : numberOf(value ?? null);
    if (number !== undefined) rewards.push({ name: shown(name), value: number });
    else facts.push({ name: shown(name), text: textOf(value) });
  }
  return {
    prompt: partsOf(of(PROMPT)),
    completion: partsOf(of(COMPLETION)),
    rewards,
    advantage: numberOf(of(ADVANTAGE)) ?? null,
    facts,
  };
}
