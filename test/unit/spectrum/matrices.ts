/** Matrices with known properties, written as a checkpoint stores them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Matrix } from 'ml-matrix';
import type { Dtype, StoredTensor } from '../../../src/engine/checkpoint/checkpoint.js';
import { normals } from '../../../src/engine/numerics/normal.js';
import { eigen } from '../../../src/engine/analyses/spectrum/fast/krylov.js';
import type { MatrixPart, MatrixSource } from '../../../src/engine/analyses/spectrum/matrix.js';
import { encode } from '../../fixtures/encode.js';

/** Row-major. */
export interface Known {
  rows: number;
  columns: number;
  values: Float64Array;
}

export function gaussian(rows: number, columns: number, scale: number, seed: number): Known {
  const normal = normals(seed);
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, () => scale * normal()) };
}

export function product(a: Known, b: Known): Known {
  const values = new Float64Array(a.rows * b.columns);
  for (let row = 0; row < a.rows; row++) {
    for (let k = 0; k < a.columns; k++) {
      const factor = a.values[row * a.columns + k]!;
      for (let column = 0; column < b.columns; column++)
        values[row * b.columns + column]! += factor * b.values[k * b.columns + column]!;
    }
  }
  return { rows: a.rows, columns: b.columns, values };
}

export function sum(a: Known, b: Known, factor = 1): Known {
  return { ...a, values: a.values.map((value, index) => value + factor * b.values[index]!) };
}

export function scaled(a: Known, factor: number): Known {
  return { ...a, values: a.values.map((value) => value * factor) };
}

export function norm({ values }: Known): number {
  return Math.sqrt(values.reduce((total, value) => total + value * value, 0));
}

/** With columns of length one, at right angles. */
export function orthonormal(rows: number, columns: number, seed: number): Known {
  const { values } = gaussian(rows, columns, 1, seed);
  const column = (index: number) => Float64Array.from({ length: rows }, (_, row) => values[row * columns + index]!);
  const done: Float64Array[] = [];
  for (let index = 0; index < columns; index++) {
    let own = column(index);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) {
        const dot = own.reduce((total, value, at) => total + value * other[at]!, 0);
        own = own.map((value, at) => value - dot * other[at]!);
      }
    }
    const length = Math.hypot(...own);
    done.push(own.map((value) => value / length));
  }
  return {
    rows,
    columns,
    values: Float64Array.from(
      { length: rows * columns },
      (_, index) => done[index % columns]![Math.floor(index / columns)]!,
    ),
  };
}

/** UΣVᵀ with these singular values and random directions. */
export function withValues(rows: number, columns: number, singularValues: readonly number[], seed: number): Known {
  const left = orthonormal(rows, singularValues.length, seed);
  const right = orthonormal(columns, singularValues.length, seed + 1);
  left.values.forEach((value, index) => (left.values[index] = value * singularValues[index % singularValues.length]!));
  return product(left, transposed(right));
}

export function transposed({ rows, columns, values }: Known): Known {
  return {
    rows: columns,
    columns: rows,
    values: Float64Array.from(
      { length: values.length },
      (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!,
    ),
  };
}

/** AB of random factors, and its singular values: the roots of the eigenvalues of (AᵀA)^½ BBᵀ (AᵀA)^½. */
export function lowRank(
  rows: number,
  columns: number,
  rank: number,
  seed: number,
): { matrix: Known; singularValues: Float64Array } {
  const a = gaussian(rows, rank, 1, seed);
  const b = gaussian(rank, columns, 1, seed + 1);
  const gram = (of: Known) =>
    new Matrix(rank, rank).apply(function (this: Matrix, i: number, j: number) {
      let total = 0;
      for (let at = 0; at < of.columns; at++)
        total += of.values[i * of.columns + at]! * of.values[j * of.columns + at]!;
      this.set(i, j, total);
    });
  const { values, vectors } = eigen(gram(transposed(a)));
  const root = vectors.mmul(Matrix.diag(Array.from(values, Math.sqrt))).mmul(vectors.transpose());
  return { matrix: product(a, b), singularValues: eigen(root.mmul(gram(b)).mmul(root)).values.map(Math.sqrt) };
}

/** Rounded to bf16, as PyTorch does. */
export function toBfloat16(a: Known): Known {
  const floats = Float32Array.from(a.values);
  const bits = new Uint32Array(floats.buffer);
  bits.forEach((word, index) => (bits[index] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000));
  return { ...a, values: Float64Array.from(floats) };
}

let files = 0;

/** A file of its own that holds the matrix alone. */
export async function stored(folder: string, { rows, columns, values }: Known, dtype: Dtype): Promise<MatrixPart> {
  const realPath = path.join(folder, `matrix-${files++}`);
  const bytes = encode(dtype, values);
  await writeFile(realPath, bytes);
  const tensor = {
    name: 'weight',
    dtype,
    shape: [rows, columns],
    size: rows * columns,
    begin: 0,
    end: bytes.length,
    shard: { realPath },
  } as unknown as StoredTensor;
  return { tensor, first: 0, rowStride: columns, columnStride: 1 };
}

/** Two stages of one matrix. */
export async function lineage(
  folder: string,
  before: Known,
  after: Known,
  dtypes: [Dtype, Dtype],
): Promise<MatrixSource> {
  return {
    rows: before.rows,
    columns: before.columns,
    before: await stored(folder, before, dtypes[0]),
    after: await stored(folder, after, dtypes[1]),
  };
}
