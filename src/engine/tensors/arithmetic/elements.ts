/** Methods that decide per element what counts, by figures of the whole tensor: sce, ram, arcee_fusion. */
import { countTies, type Ranked, RankSearch, type RankWindow, selectWindow, TIE_STRIDE, topOf } from './select.js';
import { type Block, type Kernel, type MergeTask, numberOf, othersOf, type Passes, rowOf } from './task.js';

function deltasOf(task: MergeTask, block: Block): Float64Array[] {
  const base = block[task.base!]!;
  return othersOf(task).map((input) => block[input]!.map((value, index) => value - base[index]!));
}

interface SceState {
  /** Elements that are selected; null for all. */
  window: RankWindow | 'none' | null;
  /** Per model that is not the base. */
  weights: readonly number[];
}

/** Population variance over the models, per element. */
function variances(deltas: readonly Float64Array[]): Float64Array {
  const count = deltas.length;
  return deltas[0]!.map((_, index) => {
    let mean = 0;
    for (const delta of deltas) mean += delta[index]! / count;
    let sum = 0;
    for (const delta of deltas) sum += (delta[index]! - mean) ** 2;
    return sum / count;
  });
}

/** The differences, those that are not selected zero. */
function selected(task: MergeTask, window: SceState['window'], block: Block, first: number): Float64Array[] {
  const deltas = deltasOf(task, block);
  if (window === null) return deltas;
  const result = deltas.map((delta) => new Float64Array(delta.length));
  if (window !== 'none') {
    selectWindow(window, variances(deltas), first, (index) => {
      for (const [place, delta] of deltas.entries()) result[place]![index] = delta[index]!;
    });
  }
  return result;
}

/** Source: mergekit's `sce`; FuseChat's select, calculate, erase. */
export const sce: Kernel<SceState> = {
  unit: () => TIE_STRIDE,
  async prepare(task, passes) {
    const others = othersOf(task);
    if (others.length === 0) return { window: null, weights: [] };
    const window = await selection(task, passes);
    const energies = others.map(() => 0);
    await passes((block, first) => {
      for (const [place, delta] of selected(task, window, block, first).entries())
        for (const value of delta) energies[place]! += value * value;
    });
    const means = energies.map((energy) => energy / task.size);
    const total = means.reduce((sum, mean) => sum + mean, 0);
    return { window, weights: means.map((mean) => (Math.abs(total) < 1e-6 ? 1 / means.length : mean / total)) };
  },
  merge(task, { window, weights }, block, first) {
    const base = block[task.base!]!;
    if (weights.length === 0) return base.slice();
    const deltas = selected(task, window, block, first);
    return base.map((origin, index) => {
      let vote = 0;
      for (const delta of deltas) vote += delta[index]!;
      let [sum, divisor] = [0, 0];
      for (const [place, delta] of deltas.entries()) {
        const value = delta[index]!;
        if (vote >= 0 ? value > 0 : value < 0) {
          sum += weights[place]! * value;
          divisor += weights[place]!;
        }
      }
      return origin + sum / Math.max(divisor, 1e-6);
    });
  },
};

async function selection(task: MergeTask, passes: Passes): Promise<SceState['window']> {
  const share = numberOf(task.shared, 'select_topk');
  if (share >= 1) return null;
  if (share <= 0) return 'none';
  let varying = 0;
  await passes((block) => {
    for (const value of variances(deltasOf(task, block))) if (value !== 0) varying++;
  });
  const count = Math.floor(varying * share);
  if (count === 0) return 'none';
  const search = new RankSearch([task.size - count], 64);
  while (!search.done) {
    await passes((block) => search.add(variances(deltasOf(task, block))));
    search.next();
  }
  const window = topOf(count, search.results()[0]!, task.size);
  await passes((block, first) => countTies(window, variances(deltasOf(task, block)), first));
  return window;
}

/** Per model that is not the base, the factor of changes that it alone made. */
interface RamState {
  factors: readonly number[];
}

function ramMerge(task: MergeTask, { factors }: RamState, block: Block): Float64Array {
  const epsilon = numberOf(task.shared, 'epsilon');
  const base = block[task.base!]!;
  const deltas = deltasOf(task, block);
  return base.map((origin, index) => {
    let [sum, count, last] = [0, 0, 0];
    for (const [place, delta] of deltas.entries()) {
      if (Math.abs(delta[index]!) > epsilon) {
        sum += delta[index]!;
        count++;
        last = place;
      }
    }
    return origin + (count > 1 ? sum / count : count === 1 ? sum * factors[last]! : 0);
  });
}

/** Source: mergekit's `ram`. */
export const ram: Kernel<RamState> = {
  prepare: (task) => Promise.resolve({ factors: othersOf(task).map(() => 1) }),
  merge: ramMerge,
};

/** Source: mergekit's `ramplus_tl`: overlap is measured per tensor. */
export const ramPlus: Kernel<RamState> = {
  async prepare(task, passes) {
    const [r, alpha, epsilon] = [
      numberOf(task.shared, 'r'),
      numberOf(task.shared, 'alpha'),
      numberOf(task.shared, 'epsilon'),
    ];
    const counts = othersOf(task).map(() => ({ shared: 0, unique: 0 }));
    await passes((block) => {
      const deltas = deltasOf(task, block);
      for (let index = 0; index < block[0]!.length; index++) {
        let changed = 0;
        for (const delta of deltas) if (Math.abs(delta[index]!) > epsilon) changed++;
        if (changed === 0) continue;
        for (const [place, delta] of deltas.entries())
          if (Math.abs(delta[index]!) > epsilon) counts[place]![changed > 1 ? 'shared' : 'unique']++;
      }
    });
    return {
      factors: counts.map(
        ({ shared, unique }) => 1 + r * Math.min(alpha, Math.max(0, shared / Math.max(unique, epsilon))),
      ),
    };
  },
  merge: ramMerge,
};

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

/** Source: mergekit's `arcee_fusion`, which draws a sample for the quartiles of tensors above a million elements; here they are exact. */
export const arceeFusion: Kernel<FusionState> = {
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
      [0.25, 0.5, 0.75].map((share) => Math.floor(share * (task.size - 1))),
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
