/**
 * Matrices of bf16 in a memory of WebAssembly's, and their products with a few vectors (`products.assembly.ts`). ONNX
 * Runtime widens such a matrix before it multiplies, which for one vector costs more than the product; here a weight is
 * read once. Tensors of ONNX Runtime may lie over the same memory, so a matrix is there once whoever uses it. (Over a
 * shared memory, which further threads could read, they may not.)
 */
import type { Allocate } from '../weights.js';
import bytes from './products.wasm';

interface Exports {
  memory: WebAssembly.Memory;
  grow(pages: number): number;
  arrange(from: number, to: number, columns: number, count: number): void;
  product(weights: number, rows: number, columns: number, x: number, count: number, y: number): void;
}

/** A matrix `[rows, columns]` under the name by which graphs take it. */
export interface MatrixSize {
  input: string;
  rows: number;
  columns: number;
}

const PAGE = 65_536;
const MOST_PAGES = 65_536;
/** Where matrices begin, so that a vector of eight never lies across two cache lines. Bytes. */
const ALIGNED = 64;
/** Vectors at once at the most. */
export const MOST_VECTORS = 4;

let compiled: Promise<WebAssembly.Module> | undefined;

const aligned = (size: number) => Math.ceil(size / ALIGNED) * ALIGNED;

/** Whether a memory can hold these matrices, and products be had with them. */
export function holds(matrices: readonly MatrixSize[]): boolean {
  const bytes = matrices.reduce((sum, { rows, columns }) => sum + aligned(2 * rows * columns), extraBytes(matrices));
  return bytes <= MOST_PAGES * PAGE && matrices.every(({ columns }) => columns % 8 === 0);
}

export class Products {
  private readonly matrices = new Map<string, MatrixSize & { at: number }>();

  private constructor(
    private readonly kernel: Exports,
    private readonly x: number,
    private readonly arranged: number,
    private readonly y: number,
  ) {}

  /** Memory for these matrices and for vectors. They are such as `holds` says. @throws RangeError without memory */
  static async of(matrices: readonly MatrixSize[]): Promise<Products> {
    compiled ??= WebAssembly.compile(bytes);
    const kernel = new WebAssembly.Instance(await compiled).exports as unknown as Exports;
    const width = aligned(4 * MOST_VECTORS * Math.max(...matrices.map(({ columns }) => columns)));
    const [x, arranged, y] = [PAGE, PAGE + width, PAGE + 2 * width];
    let end = y + aligned(4 * MOST_VECTORS * Math.max(...matrices.map(({ rows }) => rows)));
    const made = new Products(kernel, x, arranged, y);
    for (const matrix of matrices) {
      made.matrices.set(matrix.input, { ...matrix, at: end });
      end += aligned(2 * matrix.rows * matrix.columns);
    }
    if (kernel.grow(Math.ceil((end - kernel.memory.buffer.byteLength) / PAGE)) < 0)
      throw new RangeError('WebAssembly has no memory left');
    return made;
  }

  /** The place of a matrix; what is no matrix of these lies elsewhere. */
  readonly allocate: Allocate = <A extends Uint16Array | Float32Array>(
    input: string,
    make: new (size: number) => A,
    size: number,
  ): A => {
    const matrix = this.matrices.get(input);
    if (matrix === undefined) return new make(size);
    return new Uint16Array(this.kernel.memory.buffer, matrix.at, size) as A;
  };

  /**
   * x·Wᵀ.
   * @param x `[count, columns]`, at most `MOST_VECTORS`.
   * @returns `[count, rows]` in memory that the next product overwrites.
   */
  multiply(input: string, x: Float32Array, count: number): Float32Array {
    const { rows, columns, at } = this.matrices.get(input)!;
    const { buffer } = this.kernel.memory;
    new Float32Array(buffer, this.x, count * columns).set(x);
    this.kernel.arrange(this.x, this.arranged, columns, count);
    this.kernel.product(at, rows, columns, this.arranged, count, this.y);
    return new Float32Array(buffer, this.y, count * rows);
  }
}

/** Bytes that matrices take here beyond their own. */
export function extraBytes(matrices: readonly MatrixSize[]): number {
  const [rows, columns] = [
    Math.max(...matrices.map((one) => one.rows)),
    Math.max(...matrices.map((one) => one.columns)),
  ];
  return 4 * MOST_VECTORS * (rows + 2 * columns) + 3 * PAGE;
}
