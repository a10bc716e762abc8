/** Parquet files by byte range, through hyparquet: footer first, then only the columns and rows that are asked for. */
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { fileError, malformed, said, thousands } from '../checkpoint/failure.js';
import { readFully } from '../checkpoint/read.js';
import { openRegular } from '../checkpoint/regular.js';
import { FrankensteinError } from '../errors.js';
import { checkPages } from './pages.js';

export type ParquetRow = Record<string, unknown>;

export interface ParquetFile {
  /** Absolute path. */
  file: string;
  rows: number;
  /** Top-level columns. */
  columns: string[];
  /**
   * Rows `begin` (inclusive) to `end` (exclusive) with these columns. Binary columns are bytes, text columns strings.
   */
  read(columns: readonly string[], begin: number, end: number): Promise<ParquetRow[]>;
  close(): Promise<void>;
}

/** Rows of the largest data set that is read: twice the largest published one. A row takes half a kilobyte here. */
const MOST_ROWS = 500_000;
/** Bytes of a page, once decompressed. Data sets of images have some 100 MB; a text ends at 512 MB. */
const MOST_PAGE = 256 * 1024 * 1024;

/** @throws `not-found`, `permission`, `malformed` */
export async function openParquet(file: string, signal?: AbortSignal): Promise<ParquetFile> {
  const handle = await openRegular(file);
  try {
    const { size } = await handle.stat();
    const buffer: AsyncBuffer = {
      byteLength: size,
      async slice(begin, end = size) {
        const bytes = await readFully(handle, file, begin, Math.min(end, size), signal);
        return bytes.buffer as ArrayBuffer;
      },
    };
    await checkEnds(file, buffer);
    const metadata = await guard(file, () => parquetMetadataAsync(buffer));
    const rows = Number(metadata.num_rows);
    if (!Number.isSafeInteger(rows) || rows < 0 || rows > MOST_ROWS)
      throw malformed(file, `says that it has ${thousands(rows)} rows; the limit is ${thousands(MOST_ROWS)}.`);
    const checked = pagesOf(buffer, metadata);
    return {
      file,
      rows,
      columns: topLevel(metadata),
      read: (columns, begin, end) =>
        guard(file, async () => {
          await checked(columns);
          return parquetReadObjects({
            file: buffer,
            metadata,
            columns: [...columns],
            rowStart: begin,
            rowEnd: end,
            compressors: bounded(file),
            utf8: false,
          });
        }),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Checks the pages of columns, of each once. */
function pagesOf(
  buffer: AsyncBuffer,
  { row_groups: groups }: FileMetaData,
): (names: readonly string[]) => Promise<void> {
  const done = new Set<string>();
  return async (names) => {
    const open = names.filter((name) => !done.has(name));
    for (const { columns } of groups)
      for (const { meta_data: column } of columns)
        if (column !== undefined && open.includes(column.path_in_schema[0] ?? '')) await checkPages(buffer, column);
    for (const name of open) done.add(name);
  };
}

/** The same, for pages of a size that can be meant: a few bytes can ask for gigabytes. */
function bounded(file: string): typeof compressors {
  return Object.fromEntries(
    Object.entries(compressors).map(([name, decompress]) => [
      name,
      (input: Uint8Array, size: number) => {
        if (!(size <= MOST_PAGE))
          throw malformed(file, `has a page of ${thousands(size)} bytes; the limit is ${thousands(MOST_PAGE)}.`);
        return decompress(input, size);
      },
    ]),
  );
}

const MAGIC = 'PAR1';

/** What is cut short, or something else, is told before the library reads offsets in it. */
async function checkEnds(file: string, buffer: AsyncBuffer): Promise<void> {
  const { byteLength } = buffer;
  const at = async (begin: number) => Buffer.from(await buffer.slice(begin, begin + MAGIC.length)).toString('latin1');
  if (byteLength === 0) throw malformed(file, 'is empty.');
  if (byteLength < 3 * MAGIC.length || (await at(0)) !== MAGIC)
    throw malformed(file, 'is no Parquet file, whatever its name.');
  if ((await at(byteLength - MAGIC.length)) !== MAGIC)
    throw malformed(file, `is cut short: a Parquet file ends with ${MAGIC}. Copy or download it again.`);
}

function topLevel({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  const walk = (index: number): number => {
    let next = index + 1;
    for (let child = 0; child < (schema[index]?.num_children ?? 0); child++) next = walk(next);
    return next;
  };
  for (let child = 0, at = 1; child < (schema[0]?.num_children ?? 0) && at < schema.length; child++) {
    names.push(schema[at]!.name ?? ''); // a damaged schema may have none
    at = walk(at);
  }
  return names;
}

/** What the library throws is about the file: it becomes one sentence. */
async function guard<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof FrankensteinError) throw error;
    if (error instanceof Error && 'errno' in error) throw fileError(error, file);
    throw malformed(file, `is no readable Parquet file: ${said(error)}`);
  }
}
