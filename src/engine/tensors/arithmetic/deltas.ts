/** Differences to the base. */
import { type Block, type MergeTask, othersOf } from './task.js';

/** Of every model that is not the base. */
export function deltasOf(task: MergeTask, block: Block): Float64Array[] {
  const base = block[task.base!]!;
  return othersOf(task).map((input) => block[input]!.map((value, index) => value - base[index]!));
}
