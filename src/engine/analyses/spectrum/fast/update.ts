/**
 * Products with Δ of one matrix, over panels of its rows in fp32. They are kept where the memory allows, and read again
 * for every product where it does not.
 */
import { throwIfCancelled } from '../../../errors.js';
import { readDelta, type MatrixSource } from '../matrix.js';
import type { Algebra, Dense } from './algebra.js';
import { type MappedUpdate, mapped } from './mapped.js';

/** Elements of one panel: 32 MiB. */
const PANEL = 1 << 23;

/** Typical elements whose squares and sums fp32 holds; Δ of others is scaled. */
const [SMALLEST, LARGEST] = [1e-12, 1e12];

export interface UpdateOptions {
  algebra: Algebra;
  /** Bytes for the panels. */
  memory: number;
  threads: number;
  signal?: AbortSignal | undefined;
}

export class Update {
  readonly rows: number;
  readonly columns: number;
  /** ‖Δ‖_F², in float64. */
  squares = 0;
  /** Elements that are NaN or infinite. */
  nonFinite = 0;
  /** Panels and products hold Δ times this power of two. */
  scale = 1;
  private readonly panelRows: number;
  private readonly kept: Dense[] | undefined;
  /** One panel after the other, where they are not kept. */
  private passing: Float32Array | undefined;

  private constructor(
    private readonly source: MatrixSource,
    private readonly options: UpdateOptions,
    private readonly map: MappedUpdate | undefined,
  ) {
    this.rows = source.rows;
    this.columns = source.columns;
    this.panelRows = Math.max(1, Math.min(this.rows, Math.floor(PANEL / this.columns)));
    this.kept = 4 * this.rows * this.columns <= options.memory ? [] : undefined;
  }

  /** Reads all of Δ once. Errors as `readDelta`. */
  static async open(source: MatrixSource, options: UpdateOptions): Promise<Update> {
    const map = mapped(source, options.threads);
    // What fp32 cannot square (NaN, very large or very small values) is read the other way.
    return (map && (await Update.read(source, options, map))) ?? (await Update.read(source, options, undefined))!;
  }

  private static async read(
    source: MatrixSource,
    options: UpdateOptions,
    map: MappedUpdate | undefined,
  ): Promise<Update | undefined> {
    const update = new Update(source, options, map);
    for (let first = 0; first < update.rows; first += update.panelRows) {
      throwIfCancelled(options.signal);
      const { panel, squares } = await update.readPanel(first, true);
      if (squares === undefined) return undefined;
      update.squares += squares;
      update.kept?.push(panel);
    }
    const typical = Math.sqrt(update.squares / (update.rows * update.columns));
    if (typical > 0 && Number.isFinite(typical) && !(typical > SMALLEST && typical < LARGEST)) {
      update.scale = 2 ** -Math.round(Math.log2(typical));
      for (const { data } of update.kept ?? []) rescale(data, update.scale);
    }
    return update;
  }

  /** XΔ of b × rows: b × columns. */
  async fromLeft(x: Dense): Promise<Dense> {
    let total: Dense | undefined;
    for await (const { first, panel } of this.panels()) {
      const part: Dense = { data: new Float32Array(x.rows * panel.rows), rows: x.rows, columns: panel.rows };
      for (let row = 0; row < x.rows; row++)
        part.data.set(x.data.subarray(row * x.columns + first, row * x.columns + first + panel.rows), row * panel.rows);
      const { algebra } = this.options;
      total = {
        data: await (total ? algebra.sum(part, panel, total) : algebra.product(part, panel)),
        rows: x.rows,
        columns: this.columns,
      };
    }
    return total!;
  }

  /** XΔᵀ of b × columns: b × rows. */
  async fromRight(x: Dense): Promise<Dense> {
    const result = new Float32Array(x.rows * this.rows);
    for await (const { first, panel } of this.panels()) {
      const product = await this.options.algebra.productTurned(x, panel);
      for (let row = 0; row < x.rows; row++)
        result.set(product.subarray(row * panel.rows, (row + 1) * panel.rows), row * this.rows + first);
    }
    return { data: result, rows: x.rows, columns: this.rows };
  }

  private async *panels(): AsyncGenerator<{ first: number; panel: Dense }> {
    for (let first = 0, index = 0; first < this.rows; first += this.panelRows, index++) {
      throwIfCancelled(this.options.signal);
      yield { first, panel: this.kept?.[index] ?? (await this.readScaled(first)) };
    }
  }

  private async readScaled(first: number): Promise<Dense> {
    const { panel } = await this.readPanel(first, false);
    if (this.scale !== 1) rescale(panel.data, this.scale);
    return panel;
  }

  /** `squares`: ‖·‖_F² of the panel, where it is asked for; undefined where fp32 cannot hold it. */
  private async readPanel(first: number, isFirst: boolean): Promise<{ panel: Dense; squares: number | undefined }> {
    const rows = Math.min(this.panelRows, this.rows - first);
    const data = this.kept
      ? new Float32Array(rows * this.columns)
      : (this.passing ??= new Float32Array(this.panelRows * this.columns)).subarray(0, rows * this.columns);
    const panel = { data, rows, columns: this.columns };
    if (this.map) return { panel, squares: await this.map.read(first, rows, data) };
    const nonFinite = await readDelta(this.source, first, rows, data, this.options.signal);
    if (isFirst) this.nonFinite += nonFinite;
    return { panel, squares: isFirst ? sumOfSquares(data) : 0 };
  }
}

function rescale(values: Float32Array, factor: number): void {
  for (let index = 0; index < values.length; index++) values[index]! *= factor;
}

function sumOfSquares(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
}
