/** SQLite databases of others, read in memory: nothing is locked, and nothing is written beside them. */
import { stat } from 'node:fs/promises';
import initSqlJs from 'sql.js/dist/sql-wasm.js';
import wasm from 'sql.js/dist/sql-wasm.wasm' with { type: 'bytes' };
import { fileError, malformed, said, shown, thousands } from '../checkpoint/failure.js';
import { readRange } from '../checkpoint/read.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { withLog } from './wal.js';

/** Bytes. A training of 100,000 steps has some 100 MB. */
const LARGEST = 256 * 1024 * 1024;
const MAGIC = 'SQLite format 3\0';
/** Looks at a database that is being written, before it is left for later. */
const TRIES = 5;

/** What tells whether a database has changed: size and time of its files. */
export interface DatabaseState {
  mark: string;
  bytes: number;
}

/** @throws `not-found`, `permission` */
export async function stateOf(file: string): Promise<DatabaseState> {
  const [own, ...beside] = await Promise.all([factsOf(file), factsOf(`${file}-wal`), factsOf(`${file}-journal`)]);
  if (own === null) throw fileError(Object.assign(new Error(), { code: 'ENOENT' }), file);
  return { mark: JSON.stringify([own, ...beside]), bytes: own[0]! + (beside[0]?.[0] ?? 0) };
}

async function factsOf(file: string): Promise<number[] | null> {
  try {
    const { size, mtimeMs, ino } = await stat(file);
    return [size, mtimeMs, ino];
  } catch (error) {
    if (fileError(error, file).code === 'not-found') return null;
    throw fileError(error, file);
  }
}

/**
 * The database and its log at one moment.
 * @throws `malformed` where it is no database, or too large; `changed` while it is being written; `cancelled`
 */
export async function readDatabase(
  file: string,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; state: DatabaseState }> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    throwIfCancelled(signal);
    const before = await stateOf(file);
    if (before.bytes > LARGEST)
      throw malformed(file, `has ${thousands(before.bytes)} bytes; the limit is ${thousands(LARGEST)}.`);
    const [own, log, journal] = JSON.parse(before.mark) as (number[] | null)[];
    // The log first: what is written back meanwhile is in it still.
    const logged = log === null ? new Uint8Array() : await readRange(`${file}-wal`, 0, log![0]!, signal).catch(later);
    const stored = await readRange(file, 0, own![0]!, signal).catch(later);
    const isMidWrite = journal !== null && journal![0]! > 0;
    if (logged === null || stored === null || isMidWrite || (await stateOf(file)).mark !== before.mark) continue;
    if (Buffer.from(stored.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC)
      throw malformed(file, 'is no SQLite database, whatever its name.');
    return { bytes: withLog(stored, logged), state: before };
  }
  throw new FrankensteinError('changed', `${shown(file)} is being written; it is read at the next look.`);
}

/** A file that became shorter, or vanished, is looked at again. */
function later(error: unknown): null {
  if (error instanceof FrankensteinError && (error.code === 'changed' || error.code === 'not-found')) return null;
  throw error;
}

export type Value = number | string | Uint8Array | null;

/** Rows of a query, one at a time. */
export type Query = (sql: string, ...values: Value[]) => Generator<Value[]>;

/** @throws `malformed` for whatever SQLite says of it */
export async function withDatabase<T>(file: string, bytes: Uint8Array, work: (query: Query) => T): Promise<T> {
  const { Database } = await initSqlJs({ wasmBinary: wasm });
  const database = new Database(bytes);
  try {
    return work(function* (sql, ...values) {
      const statement = database.prepare(sql);
      try {
        statement.bind(values);
        while (statement.step()) yield statement.get();
      } finally {
        statement.free();
      }
    });
  } catch (error) {
    if (error instanceof FrankensteinError) throw error;
    throw malformed(file, `is a damaged SQLite database: ${said(error)}`);
  } finally {
    database.close();
  }
}
