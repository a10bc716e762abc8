/** The sum that ram and ramplus_tl share. */
import { deltasOf } from './deltas.js';
import { type Block, type MergeTask, numberOf } from './task.js';

/** Per model that is not the base, the factor of changes that it alone made. */
export interface RamState {
  factors: readonly number[];
}

export function ramMerge(task: MergeTask, { factors }: RamState, block: Block): Float64Array {
  const epsilon = numberOf(task.shared, 'epsilon');
  const base = block[task.base!]!;
  const deltas = deltasOf(task, block);
  return base.map((origin, index) => {
    let [sum, count, last] = [0, 0, 0];
    for (const [ordinal, delta] of deltas.entries()) {
      if (Math.abs(delta[index]!) > epsilon) {
        sum += delta[index]!;
        count++;
        last = ordinal;
      }
    }
    return origin + (count > 1 ? sum / count : count === 1 ? sum * factors[last]! : 0);
  });
}
