import { type Ranked, RankSearch } from '../arithmetic/select.js';
import { type Kernel, othersOf, rowOf } from '../arithmetic/task.js';
import { method } from './method.js';

interface FusionState {
  /** Divergence per row. */
  divergences: Float64Array;
  threshold: number;
}

/** Added to chances, so that none is zero. */
const CHANCE = 1e-8;

/** KL(softmax a ‖ softmax b) over `from … to`. */
function divergence(a: Float64Array, b: Float64Array, from: number, to: number): number {
  let [largestA, largestB] = [-Infinity, -Infinity];
  for (let index = from; index < to; index++) {
    largestA = Math.max(largestA, a[index]!);
    largestB = Math.max(largestB, b[index]!);
  }
  let [sumA, sumB] = [0, 0];
  for (let index = from; index < to; index++) {
    sumA += Math.exp(a[index]! - largestA);
    sumB += Math.exp(b[index]! - largestB);
  }
  let result = 0;
  for (let index = from; index < to; index++) {
    const p = Math.exp(a[index]! - largestA) / sumA + CHANCE;
    const q = Math.exp(b[index]! - largestB) / sumB + CHANCE;
    result += p * Math.log(p / q);
  }
  return result;
}

/** Rounding can make the divergence of equal rows less than nothing. */
function importanceOf(difference: number, divergenceOfRow: number): number {
  return Math.abs(difference * divergenceOfRow);
}

/**
 * Source: mergekit's `arcee_fusion`, which draws a sample for the quartiles of tensors above a million elements; here
 * they are exact.
 */
const kernel: Kernel<FusionState> = {
  unit: rowOf,
  async prepare(task, passes) {
    const row = rowOf(task);
    const divergences = new Float64Array(Math.ceil(task.size / row));
    const other = othersOf(task)[0]!;
    await passes((block, first) => {
      const [base, values] = [block[task.base!]!, block[other]!];
      for (let from = 0; from < base.length; from += row)
        divergences[(first + from) / row] = divergence(values, base, from, from + row);
    });
    const search = new RankSearch(
      [0.25, 0.5, 0.75].map((fraction) => Math.floor(fraction * (task.size - 1))),
      64,
    );
    while (!search.done) {
      await passes((block, first) => {
        const [base, values] = [block[task.base!]!, block[other]!];
        search.add(
          base.map((origin, index) =>
            importanceOf(values[index]! - origin, divergences[Math.floor((first + index) / row)]!),
          ),
        );
      });
      search.next();
    }
    const [first, median, third] = search.results() as [Ranked, Ranked, Ranked];
    return { divergences, threshold: median.value + 1.5 * (third.value - first.value) };
  },
  merge(task, { divergences, threshold }, block, first) {
    const row = rowOf(task);
    const [base, values] = [block[task.base!]!, block[othersOf(task)[0]!]!];
    return base.map((origin, index) => {
      const importance = importanceOf(values[index]! - origin, divergences[Math.floor((first + index) / row)]!);
      return importance >= threshold ? values[index]! : origin;
    });
  },
};

export const arceeFusion = method({
  name: 'arcee_fusion',
  title: 'Arcee Fusion',
  random: false,
  base: 'required',
  models: { min: 2, max: 2 },
  paper: { title: 'Arcee Fusion', url: 'https://arcee.ai' },
  doc:
    'Takes from the other model the elements of outstanding importance: ' +
    'their difference times the divergence of their row.',
  formula: 'I = |Δ| · KL(softmax W₁ ‖ softmax W₀) per row; W = W₁ where I ≥ median + 1.5 (Q₃ − Q₁), else W₀',
  parameters: [],
  kernel,
});
