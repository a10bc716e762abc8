/** Pictures inside a Parquet file, named like files: `/data/test.parquet#decoded_image[12]`. */
import path from 'node:path';
import { FrankensteinError } from '../errors.js';
import { malformed, shown } from '../checkpoint/failure.js';
import { openParquet } from './file.js';

const NAME = /^(.*\.parquet)#([A-Za-z0-9_]+)\[(\d+)\]$/s;

export function pictureName(file: string, column: string, row: number): string {
  return `${file}#${column}[${row}]`;
}

export function isInParquet(name: string): boolean {
  return NAME.test(name);
}

/**
 * The bytes of a picture: a column of bytes, or Hugging Face's struct of `bytes` and `path`.
 * @throws `bad-request` for a name of another form, `malformed` when the cell holds no bytes, and as `openParquet`.
 */
export async function readParquetPicture(name: string, signal?: AbortSignal): Promise<Uint8Array> {
  const [, place, column, row] = NAME.exec(name) ?? [];
  if (place === undefined || column === undefined)
    throw new FrankensteinError('bad-request', `${shown(name)} names no picture in a Parquet file.`);
  const file = await openParquet(place, signal);
  try {
    const [cells] = await file.read([column], Number(row), Number(row) + 1);
    const bytes = bytesOf(cells?.[column]);
    if (bytes === undefined)
      throw malformed(place, `holds no picture in row ${Number(row) + 1} of "${shown(column)}".`);
    return bytes;
  } finally {
    await file.close();
  }
}

/** @param name relative to `folder`, which it must not leave. */
export async function pictureBelowFolder(folder: string, name: string): Promise<Uint8Array> {
  const full = path.resolve(folder, name);
  const inside = path.relative(folder, full);
  if (inside.startsWith('..') || path.isAbsolute(inside))
    throw new FrankensteinError('bad-request', `${shown(name)} lies outside the folder of the data.`);
  return readParquetPicture(full);
}

export function bytesOf(cell: unknown): Uint8Array | undefined {
  if (cell instanceof Uint8Array) return cell;
  if (typeof cell === 'object' && cell !== null && 'bytes' in cell && cell.bytes instanceof Uint8Array)
    return cell.bytes;
  return undefined;
}
