/**
 * All singular values of a run, compactly: float32 shares of σ₁, in files beside the journal, whose lines say where. Every
 * process writes a file of its own, so that two on one run do no harm; what a kill leaves unmentioned is never read.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { shown } from '../checkpoint/failure.js';
import { readRange } from '../checkpoint/read.js';
import { FrankensteinError } from '../errors.js';
import { explain } from '../runs/store.js';

/** Where the values of one spectrum are. */
export interface ValuesPlace {
  /** Name of the file in the run's folder. */
  file: string;
  /** First value and how many. */
  first: number;
  count: number;
  /** σ₁, which the others are shares of. */
  spectral: number;
}

export class ValuesWriter {
  private handle: FileHandle | undefined;
  private written = 0;
  private readonly file = `values-${randomBytes(4).toString('hex')}.f32`;

  constructor(private readonly folder: string) {}

  /** Appends values, largest first. Calls must not overlap. */
  async append(values: Float64Array): Promise<ValuesPlace> {
    const spectral = values[0] ?? 0;
    const shares = Float32Array.from(values, (value) => (spectral > 0 ? value / spectral : 0));
    await explain(this.folder, async () => {
      this.handle ??= await open(path.join(this.folder, this.file), 'wx');
      await this.handle.appendFile(new Uint8Array(shares.buffer));
    });
    const place = { file: this.file, first: this.written, count: values.length, spectral };
    this.written += values.length;
    return place;
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/** @throws `not-found` when the file is gone or cut off. */
export async function readValues(folder: string, { file, first, count, spectral }: ValuesPlace): Promise<number[]> {
  const name = path.join(folder, path.basename(file));
  const bytes = await readRange(name, first * 4, (first + count) * 4).catch((error: unknown) => {
    throw new FrankensteinError('not-found', `The singular values of this run are no longer whole: ${shown(name)} was changed or removed. Delete the run and start it again.`, { cause: error });
  });
  return Array.from(new Float32Array(bytes.buffer, bytes.byteOffset, count), (share) => share * spectral);
}
