/**
 * Images inside a Parquet file, named like files: `/data/test.parquet#decoded_image[12]`, and `…#images[12][0]` where a
 * cell is a list.
 */
import path from 'node:path';
import { FrankensteinError } from '../errors.js';
import { liesBelow } from '../checkpoint/below.js';
import { malformed, shown } from '../checkpoint/failure.js';
import { openParquet } from './file.js';

const NAME = /^(.*\.parquet)#([A-Za-z0-9_.-]+)\[(\d+)\](?:\[(\d+)\])?$/s;

/** @param index into the cell, where it is a list. */
export function imageName(file: string, column: string, row: number, index?: number): string {
  return `${file}#${column}[${row}]${index === undefined ? '' : `[${index}]`}`;
}

export function isInParquet(name: string): boolean {
  return NAME.test(name);
}

/**
 * The bytes of an image: a column of bytes, Hugging Face's struct of `bytes` and `path`, base64, or a list of those.
 * @throws `bad-request` for a name of another form, `malformed` when the cell holds no bytes, and as `openParquet`.
 */
export async function readParquetImage(name: string, signal?: AbortSignal): Promise<Uint8Array> {
  const [, location, column, row, index] = NAME.exec(name) ?? [];
  if (location === undefined || column === undefined)
    throw new FrankensteinError('bad-request', `${shown(name)} names no image in a Parquet file.`);
  const file = await openParquet(location, signal);
  try {
    const [cells] = await file.read([column], Number(row), Number(row) + 1);
    const cell = cells?.[column];
    const bytes = bytesOf(
      index === undefined ? cell : Array.isArray(cell) ? (cell[Number(index)] as unknown) : undefined,
    );
    if (bytes === undefined)
      throw malformed(location, `holds no image in row ${Number(row) + 1} of "${shown(column)}".`);
    return bytes;
  } finally {
    await file.close();
  }
}

/** @param name relative to `folder`, which it must not leave. */
export async function imageBelowFolder(folder: string, name: string): Promise<Uint8Array> {
  const full = path.resolve(folder, name);
  const [, file] = NAME.exec(full) ?? [];
  if (file === undefined || !(await liesBelow(folder, file).catch(() => false)))
    throw new FrankensteinError('bad-request', `${shown(name)} lies outside the folder of the data.`);
  return readParquetImage(full);
}

/** Text that may be base64: too long for a path, or said to be. */
const BASE64 = /^(?:data:image\/[\w.+-]+;base64,)?([A-Za-z0-9+/\s]{64,}={0,2}\s*)$/;

export function bytesOf(cell: unknown): Uint8Array | undefined {
  if (cell instanceof Uint8Array) return cell;
  if (typeof cell === 'string') {
    const [, encoded] = BASE64.exec(cell) ?? [];
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
  }
  return typeof cell === 'object' && cell !== null && 'bytes' in cell ? bytesOf(cell.bytes) : undefined;
}
