/**
 * All ranks of all spectra of a run, compactly: float32 shares of each curve's largest value, in files beside the
 * journal, whose lines say where. Every process writes a file of its own, so that two on one run do no harm; what a
 * kill leaves unmentioned is never read.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { shown } from '../../checkpoint/failure.js';
import { readRange } from '../../checkpoint/read.js';
import { FrankensteinError } from '../../errors.js';
import { explain } from '../../runs/store.js';
import type { Curves } from './job.js';

/** Where the curves of one spectrum are: one after the other, in the order of `CURVES`. */
export interface CurvesSpan {
  /** Name of the file in the run's folder. */
  file: string;
  /** First number, and how many each curve has. */
  first: number;
  count: number;
  /** How many of the values are computed. */
  known: number;
  /** What the numbers are shares of, per curve. */
  scales: number[];
}

const CURVES = ['values', 'floor', 'low', 'high'] as const;

/** Bytes of a number. */
const WIDTH = Float32Array.BYTES_PER_ELEMENT;

export class CurvesWriter {
  private handle: FileHandle | undefined;
  private written = 0;
  private readonly file = `curves-${randomBytes(4).toString('hex')}.f32`;

  constructor(private readonly folder: string) {}

  /** Calls must not overlap. */
  async append(curves: Curves): Promise<CurvesSpan> {
    const {
      known,
      values: { length: count },
    } = curves;
    const scales = CURVES.map((curve) => curves[curve].reduce((most, value) => Math.max(most, value), 0));
    const numbers = new Float32Array(CURVES.length * count);
    CURVES.forEach((curve, index) => {
      if (scales[index]! > 0)
        numbers.set(
          curves[curve].map((value) => value / scales[index]!),
          index * count,
        );
    });
    await explain(this.folder, async () => {
      this.handle ??= await open(path.join(this.folder, this.file), 'wx');
      await this.handle.appendFile(new Uint8Array(numbers.buffer));
    });
    const location = { file: this.file, first: this.written, count, known, scales };
    this.written += numbers.length;
    return location;
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/** @throws `not-found` when the file is gone or cut off. */
export async function readCurves(folder: string, { file, first, count, known, scales }: CurvesSpan): Promise<Curves> {
  const name = path.join(folder, path.basename(file));
  const bytes = await readRange(name, first * WIDTH, (first + CURVES.length * count) * WIDTH).catch(
    (error: unknown) => {
      throw new FrankensteinError(
        'not-found',
        `The singular values of this run are no longer whole: ${shown(name)} was changed or removed. ` +
          'Delete the run and start it again.',
        { cause: error },
      );
    },
  );
  const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, CURVES.length * count);
  const [values, floor, low, high] = CURVES.map((_, index) =>
    Float64Array.from(numbers.subarray(index * count, (index + 1) * count), (fraction) => fraction * scales[index]!),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  return { known, values, floor, low, high };
}
