/** Δ in windows along its longer side, in float64, laid out as the step at hand wants it. */
import { type MatrixSource, readDelta, transposed } from '../matrix.js';

/** Elements read before they are laid out the other way: 2 MiB. */
const BLOCK = 1 << 18;

export class DeltaReader {
  /** Short and long side of Δ. */
  readonly short: number;
  readonly long: number;
  /** Values that are NaN or infinite in all windows read so far. */
  nonFinite = 0;
  /** Short side first. */
  private readonly source: MatrixSource;

  /** `scale`: a power of two that all is multiplied by. */
  constructor(
    source: MatrixSource,
    private readonly scale: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.source = source.rows <= source.columns ? source : transposed(source);
    this.short = this.source.rows;
    this.long = this.source.columns;
  }

  /** Whether neighbours on the long side are neighbours in the file. */
  get isStoredWide(): boolean {
    const { columnStride, rowStride } = this.source.after;
    return columnStride <= rowStride;
  }

  /** Largest magnitude of all, which is read once more for it. */
  async largest(): Promise<number> {
    let largest = 0;
    const step = Math.min(this.long, Math.ceil((4 * BLOCK) / this.short));
    const window = new Float64Array(this.short * step);
    for (let first = 0; first < this.long; first += step) {
      const count = Math.min(step, this.long - first);
      await this.read(first, count, window, this.isStoredWide);
      for (let index = 0; index < count * this.short; index++) largest = Math.max(largest, Math.abs(window[index]!));
    }
    return largest;
  }

  /** Positions `first` … `first + count` of the long side, as `short` rows of `count` elements. */
  readWide(first: number, count: number, target: Float64Array): Promise<void> {
    return this.read(first, count, target, true);
  }

  /** The same as `count` rows of `short` elements. */
  readTall(first: number, count: number, target: Float64Array): Promise<void> {
    return this.read(first, count, target, false);
  }

  private async read(first: number, count: number, target: Float64Array, wide: boolean): Promise<void> {
    const { after, before } = this.source;
    const cut = (part: typeof after) => ({ ...part, first: part.first + first * part.columnStride });
    const window: MatrixSource = { rows: this.short, columns: count, before: before && cut(before), after: cut(after) };
    const stored = this.isStoredWide ? window : transposed(window);
    const values = target.subarray(0, this.short * count);
    if (this.isStoredWide === wide) {
      this.nonFinite += await readDelta(stored, 0, stored.rows, values, this.signal);
    } else {
      const step = Math.max(1, Math.min(stored.rows, Math.floor(BLOCK / stored.columns)));
      const block = new Float64Array(step * stored.columns);
      for (let row = 0; row < stored.rows; row += step) {
        const rows = Math.min(step, stored.rows - row);
        this.nonFinite += await readDelta(stored, row, rows, block, this.signal);
        for (let column = 0; column < stored.columns; column++) {
          const begin = column * stored.rows + row;
          for (let index = 0; index < rows; index++) values[begin + index] = block[index * stored.columns + column]!;
        }
      }
    }
    if (this.scale !== 1) for (let index = 0; index < values.length; index++) values[index]! *= this.scale;
  }
}
