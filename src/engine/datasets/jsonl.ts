/** JSON Lines from files that nobody should trust: one object per line, and every complaint with its line's number. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { liesBelow } from '../checkpoint/below.js';
import { fileError, malformed, shown, thousands } from '../checkpoint/failure.js';
import { openRegular } from '../checkpoint/regular.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { cellOf, type Condition, RowFilter } from './condition.js';
import { LineError } from './lineError.js';
import type { Mapping } from './mapping.js';

/** What a bad line does: ends the reading with an error, or is left out and reported. */
export type BadLines = 'stop' | 'skip';

export interface ReadOptions {
  /** Default `stop`. */
  badLines?: BadLines;
  /** Rows that meet all of them are read. */
  where?: readonly Condition[] | undefined;
  /** The column that asks, in place of the set's own. */
  promptColumn?: string | undefined;
  /** Of questions: which columns hold what, as the user says. */
  mapping?: Mapping | undefined;
  signal?: AbortSignal | undefined;
}

export interface BadLine {
  /** From 1. */
  line: number;
  /** What is wrong with it; ends with a full stop. */
  why: string;
}

export interface DataSet<T> {
  /** Absolute path. */
  file: string;
  items: T[];
  /** Lines left out, in order; empty unless `badLines` is `skip`. */
  badLines: BadLine[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Bytes. */
const FILE_LIMIT = 512 * 1024 * 1024;
/** Bytes; a question with a long description has a few kilobytes. */
const LINE_LIMIT = 4 * 1024 * 1024;
const LINES_LIMIT = 2_000_000;
/** Bytes read at once. */
const CHUNK = 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Every object of the file, read by `parse`, which throws `LineError` where it does not like one. Empty lines count,
 * but hold nothing.
 * @throws `bad-line` naming file and lines; `malformed` when no line is left, `not-found`, `permission`, `cancelled`
 */
export async function readJsonl<T>(
  given: string,
  parse: (object: JsonObject, line: number) => Promise<T> | T,
  options: ReadOptions = {},
): Promise<DataSet<T>> {
  const file = path.resolve(given);
  const set: DataSet<T> = { file, items: [], badLines: [] };
  const filter = new RowFilter(options.where ?? [], file);
  let line = 0;
  for await (const lines of linesOf(file)) {
    for (const bytes of lines) {
      throwIfCancelled(options.signal);
      if (++line > LINES_LIMIT) throw malformed(file, `has more than ${thousands(LINES_LIMIT)} lines.`);
      try {
        if (bytes === TOO_LONG) throw new LineError(`has more than ${thousands(LINE_LIMIT)} bytes.`);
        const object = objectIn(bytes);
        if (object !== undefined && filter.accepts(object, line)) set.items.push(await parse(object, line));
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        set.badLines.push({ line, why: error.message });
      }
    }
  }
  filter.finish(set.items.length + set.badLines.length);
  if (options.badLines !== 'skip' && set.badLines.length > 0) throw badLine(file, set.badLines);
  if (set.items.length === 0) {
    const [first] = set.badLines;
    throw malformed(
      file,
      first === undefined
        ? 'holds no line.'
        : `holds no usable line; the first problem is in line ${thousands(first.line)}: ${first.why}`,
    );
  }
  return set;
}

/** Further lines that are named by their numbers. */
const NAMED_LINES = 8;

function badLine(file: string, [first, ...others]: readonly BadLine[]): FrankensteinError {
  const named = others.slice(0, NAMED_LINES).map(({ line }) => thousands(line));
  const more = others.length > NAMED_LINES ? [...named, '…'] : named;
  const rest =
    others.length === 0
      ? ''
      : ` ${thousands(others.length)} more ${others.length === 1 ? 'line' : 'lines'} cannot be used: ` +
        `${more.join(', ')}.`;
  return new FrankensteinError(
    'bad-line',
    `${shown(path.basename(file))} line ${thousands(first!.line)} ${first!.why}${rest}`,
  );
}

/** In place of a line that is not kept. */
const TOO_LONG = new Uint8Array();

/** The lines of a file without their ends, as many at once as a chunk of it completes: it is never held whole. */
async function* linesOf(file: string): AsyncGenerator<Uint8Array[]> {
  const handle = await openRegular(file);
  try {
    const { size } = await handle.stat();
    if (size > FILE_LIMIT)
      throw malformed(file, `has ${thousands(size)} bytes; the limit for a data set is ${thousands(FILE_LIMIT)}.`);
    let parts: Uint8Array[] = [];
    let length = 0;
    const keep = (part: Uint8Array) => {
      length += part.length;
      if (length <= LINE_LIMIT) parts.push(part);
      else parts = [];
    };
    const line = () => {
      const whole = length > LINE_LIMIT ? TOO_LONG : Buffer.concat(parts);
      parts = [];
      length = 0;
      return whole;
    };
    for (let at = 0; at < size;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, Math.min(CHUNK, size - at), at);
      if (bytesRead === 0) break; // shorter than it was
      at += bytesRead;
      let begin = 0;
      const lines: Uint8Array[] = [];
      for (let end = buffer.indexOf(0x0a); end !== -1 && end < bytesRead; end = buffer.indexOf(0x0a, begin)) {
        keep(buffer.subarray(begin, end));
        lines.push(line());
        begin = end + 1;
      }
      yield lines;
      keep(buffer.subarray(begin, bytesRead));
    }
    if (length > 0) yield [line()];
  } catch (error) {
    throw fileError(error, file);
  } finally {
    await handle.close();
  }
}

function objectIn(bytes: Uint8Array): JsonObject | undefined {
  let text: string;
  try {
    text = utf8.decode(bytes).trim(); // a byte-order mark goes with it
  } catch {
    const marked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new LineError(marked ? 'is UTF-16 text: save the file as UTF-8.' : 'is not UTF-8 text.');
  }
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LineError(whyNotJson(text));
  }
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'object' && one !== null))
    throw new LineError(LISTED);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LineError('is not a JSON object.');
  return value as JsonObject;
}

const LISTED = "is a JSON array: write one object per line (jq -c '.[]').";

/** What is written in place of JSON, where it can be told. */
function whyNotJson(text: string): string {
  if (text.includes('\0')) return 'holds a NUL character (is it UTF-16 text?): it is not valid JSON.';
  if (text === '[') return LISTED;
  const isJson = (other: string) => {
    try {
      return typeof JSON.parse(other) === 'object';
    } catch {
      return false;
    }
  };
  if (isJson(text.replace(/,$/, '')) || isJson(text.replace(/,\s*\}$/, '}')))
    return 'ends with a comma: it is not valid JSON.';
  if (/\b(?:None|True|False)\b/.test(text) || text.startsWith("{'"))
    return 'is a Python literal (None, True, single quotes): it is not valid JSON. Write it with json.dumps.';
  if (/\b(?:NaN|Infinity)\b/.test(text)) return 'has a number that is NaN or infinite: it is not valid JSON.';
  return 'is not valid JSON.';
}

/** A string that must be there and not be blank. @throws LineError */
export function text(object: JsonObject, key: string): string {
  const value = object[key];
  if (value === undefined || value === null) throw new LineError(`has no "${key}".`);
  if (typeof value !== 'string') throw new LineError(`has a "${key}" that is no text.`);
  if (value.trim() === '') throw new LineError(`has an empty "${key}".`);
  return value;
}

/** A string that may be missing. @throws LineError */
export function optionalText(object: JsonObject, key: string): string | undefined {
  return object[key] === undefined || object[key] === null ? undefined : text(object, key);
}

/** The object, asked with another of its keys. @throws LineError */
export function promptFrom(object: JsonObject, column: string | undefined): JsonObject {
  if (column === undefined) return object;
  const prompt = cellOf(object, column);
  return { ...object, prompt: text({ [column]: prompt }, column) };
}

/** Ids are often numbers. @throws LineError */
export function identity(object: JsonObject, seen: Map<string, number>, line: number): string {
  const value = object['id'];
  // Beyond 2^53 two ids may read as one number.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new LineError('has an "id" that is too large for a number: write it as text, in quotes.');
  const id = typeof value === 'number' ? String(value) : text(object, 'id');
  const before = seen.get(id);
  if (before !== undefined) throw new LineError(`has the id "${shown(id.slice(0, 80))}" of line ${before} again.`);
  seen.set(id, line);
  return id;
}

/**
 * The absolute path of an image named in a data file, which must lie below that file's folder and be there.
 * @throws LineError
 */
export async function imageBelow(file: string, name: string, key: string): Promise<string> {
  const quoted = `"${shown(name.slice(0, 200))}"`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name) || name.startsWith('data:'))
    throw new LineError(
      `has a "${key}" that is no file: ${quoted.slice(0, 60)}; images are read from the file's own folder only.`,
    );
  const folder = path.dirname(file);
  // A path of either system, wherever the file was written.
  const local = name.replaceAll('\\', '/');
  const full = path.resolve(folder, local);
  if (
    path.posix.isAbsolute(local) ||
    path.win32.isAbsolute(name) ||
    name.includes('\0') ||
    !full.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
  ) {
    throw new LineError(`has a "${key}" outside the file's own folder: ${quoted}.`);
  }
  if (name.length > 1024 && /^[A-Za-z0-9+/\s]+=*$/.test(name))
    throw new LineError(`has a "${key}" that is an image written as text (base64): store it as a file beside the set.`);
  try {
    if (!(await stat(full)).isFile()) throw new LineError(`has a "${key}" that is no file: ${quoted}.`);
    if (!(await liesBelow(folder, full)))
      throw new LineError(`has a "${key}" outside the file's own folder, behind a link: ${quoted}.`);
  } catch (error) {
    if (error instanceof LineError) throw error;
    const failure = fileError(error, full);
    throw new LineError(
      failure.code === 'not-found' ? `has a "${key}" that is not there: ${quoted}.` : failure.message,
    );
  }
  return full;
}
