/** The WebAssembly part (`kernel.assembly.ts`) behind typed arrays. */
import bytes from './kernel.wasm';

interface Exports {
  memory: WebAssembly.Memory;
  grow(pages: number): number;
  orthogonalize(rows: number, index: number, length: number, least: number): number;
  factorPanel(vectors: number, count: number, length: number, first: number, triangle: number, factor: number): void;
  chase(
    values: number,
    size: number,
    width: number,
    stride: number,
    start: number,
    end: number,
    reflector: number,
  ): void;
}

const PAGE = 65_536;

export interface Panel {
  /** Reflectors as rows, `count × length`: zeros up to a one. */
  reflectors: Float64Array;
  /** `triangle[l · count + k]` = element `first + k` of vector l after all reflections, k ≤ l. */
  triangle: Float64Array;
  /** T of I − Vᵀ·T·V, `count × count`, upper triangular. */
  factor: Float64Array;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** An instance and its memory, which one call, or one loaded band or block of rows, uses at a time. */
export class Kernel {
  private constructor(private readonly run: Exports) {}

  static async start(): Promise<Kernel> {
    const module = await (compiled ??= WebAssembly.compile(bytes));
    return new Kernel(new WebAssembly.Instance(module).exports as unknown as Exports);
  }

  /**
   * Householder factorisation of `count` vectors of `length` elements, which lie as rows (a panel's columns for QR, its
   * rows for LQ): vector k to zero after element `first + k`.
   */
  factorPanel(vectors: Float64Array, count: number, length: number, first: number): Panel {
    const [at, triangleAt, factorAt] = this.reserve([count * length, count * count, count * count]) as [
      number,
      number,
      number,
    ];
    const reflectors = this.view(at, count * length);
    reflectors.set(vectors.length === reflectors.length ? vectors : vectors.subarray(0, reflectors.length));
    const triangle = this.view(triangleAt, count * count).fill(0);
    const factor = this.view(factorAt, count * count).fill(0);
    this.run.factorPanel(at, count, length, first, triangleAt, factorAt);
    return { reflectors: reflectors.slice(), triangle: triangle.slice(), factor: factor.slice() };
  }

  /**
   * Copies `count` vectors of `length` elements in, as rows. `orthogonalize` takes from one what lies along those
   * before it and makes it of length one, or says false where at most `least` of its length is left (Gram–Schmidt).
   */
  loadRows(
    rows: ArrayLike<number>,
    count: number,
    length: number,
  ): { rows: Float64Array; orthogonalize: (index: number, least: number) => boolean } {
    const [at] = this.reserve([count * length]) as [number];
    const loaded = this.view(at, count * length);
    loaded.set(rows);
    return { rows: loaded, orthogonalize: (index, least) => this.run.orthogonalize(at, index, length, least) !== 0 };
  }

  /** Copies a band (`chase.ts`) in. `chase` takes rows `start` … `end` (exclusive) to bidiagonal form. */
  loadBand(
    values: Float64Array,
    size: number,
    width: number,
    stride: number,
  ): { values: Float64Array; chase: (start: number, end: number) => void } {
    const [at, reflector] = this.reserve([values.length, width]) as [number, number];
    const loaded = this.view(at, values.length);
    loaded.set(values);
    return { values: loaded, chase: (start, end) => this.run.chase(at, size, width, stride, start, end, reflector) };
  }

  /** Where arrays of these lengths begin, one after the other. What was there before is overwritten. */
  private reserve(lengths: readonly number[]): number[] {
    let end = PAGE; // the module's own data lies before
    const begins = lengths.map((length) => {
      const begin = end;
      end += Math.ceil(length / 8) * 64;
      return begin;
    });
    const missing = Math.ceil((end - this.run.memory.buffer.byteLength) / PAGE);
    if (missing > 0 && this.run.grow(missing) < 0) throw new RangeError('WebAssembly has no memory left');
    return begins;
  }

  private view(begin: number, length: number): Float64Array {
    return new Float64Array(this.run.memory.buffer, begin, length);
  }
}
