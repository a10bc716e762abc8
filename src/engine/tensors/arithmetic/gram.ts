/**
 * Methods on directions. Whatever they do on the sphere, the result is a combination of their inputs, and its
 * coefficients follow from the inputs' scalar products alone. So a tensor of any size is read twice: once for the
 * products, once to add it up.
 */
import { type Block, type Kernel, type MergeTask, rowOf } from './task.js';

/** Scalar products of every pair of vectors. */
export type Gram = readonly (readonly number[])[];

/**
 * Coefficients per vector; what is not combined is the base, which is added where the vectors are differences to it.
 */
export interface Combination {
  coefficients: readonly number[];
}

/** @param from 0-based elements of the block, `to` exclusive; `step` apart. */
export function addProducts(gram: number[][], vectors: Block, from: number, to: number): void {
  for (let i = 0; i < vectors.length; i++) {
    for (let j = i; j < vectors.length; j++) {
      const [a, b] = [vectors[i]!, vectors[j]!];
      let sum = 0;
      for (let index = from; index < to; index++) sum += a[index]! * b[index]!;
      gram[i]![j]! += sum;
      if (i !== j) gram[j]![i]! += sum;
    }
  }
}

export function emptyGram(count: number): number[][] {
  return Array.from({ length: count }, () => new Array<number>(count).fill(0));
}

/** The vectors of a method: its inputs, or the differences of the others to the base. */
export function vectorsOf(block: Block, base: number | undefined, others: readonly number[]): Float64Array[] {
  if (base === undefined) return others.map((index) => block[index]!);
  const origin = block[base]!;
  return others.map((index) => block[index]!.map((value, at) => value - origin[at]!));
}

/** Σ cᵢvᵢ over `from … to`, plus the base where there is one. */
export function combine(
  result: Float64Array,
  vectors: Block,
  origin: Float64Array | undefined,
  coefficients: readonly number[],
  from = 0,
  to = result.length,
): void {
  for (let index = from; index < to; index++) {
    let sum = 0;
    for (let vector = 0; vector < vectors.length; vector++) sum += coefficients[vector]! * vectors[vector]![index]!;
    result[index] = origin === undefined ? sum : origin[index]! + sum;
  }
}

/** A method whose coefficients hold for the whole tensor. */
export function overall(
  setup: (task: MergeTask) => { origin: number | undefined; vectors: readonly number[] },
  solve: (gram: Gram, task: MergeTask) => readonly number[],
): Kernel<Combination> {
  return {
    async prepare(task, passes) {
      const { origin, vectors } = setup(task);
      const gram = emptyGram(vectors.length);
      await passes((block) => addProducts(gram, vectorsOf(block, origin, vectors), 0, block[0]!.length));
      return { coefficients: solve(gram, task) };
    },
    merge(task, { coefficients }, block) {
      const { origin, vectors } = setup(task);
      const result = new Float64Array(block[0]!.length);
      combine(
        result,
        vectorsOf(block, origin, vectors),
        origin === undefined ? undefined : block[origin],
        coefficients,
      );
      return result;
    },
  };
}

/** The coefficients of the great arc from the first vector to the second. */
export function arc(cos: number, t: number): [number, number] {
  const angle = Math.acos(cos);
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}

/** Products of every row of a block that holds whole rows. */
export function byRow(task: MergeTask, vectors: Block, visit: (gram: Gram, from: number, to: number) => void): void {
  const row = rowOf(task);
  for (let from = 0; from < vectors[0]!.length; from += row) {
    const gram = emptyGram(vectors.length);
    addProducts(gram, vectors, from, from + row);
    visit(gram, from, from + row);
  }
}

/** ⟨Σ cⱼvⱼ, vᵢ⟩ */
export function dot(gram: Gram, coefficients: readonly number[], index: number): number {
  return sumOf(coefficients.map((value, other) => value * gram[other]![index]!));
}

/** ‖Σ cᵢvᵢ‖; rounding can make the square of nothing negative. */
export function normOf(gram: Gram, coefficients: readonly number[]): number {
  return Math.sqrt(Math.max(0, sumOf(coefficients.map((value, index) => value * dot(gram, coefficients, index)))));
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
