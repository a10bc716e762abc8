import type { Block, Kernel, MergeTask, Passes } from './task.js';

/** Merges arrays that are in memory. */
export async function mergeArrays(
  kernel: Kernel<unknown>,
  task: MergeTask,
  inputs: Block,
  blockSize = task.size,
): Promise<Float64Array> {
  const unit = kernel.unit?.(task) ?? 1;
  const step = Math.max(1, Math.ceil(blockSize / unit)) * unit;
  const passes: Passes = (visit) => {
    for (let first = 0; first < task.size; first += step)
      visit(
        inputs.map((input) => input.subarray(first, first + step)),
        first,
      );
    return Promise.resolve();
  };
  const state = await kernel.prepare(task, passes);
  const result = new Float64Array(task.size);
  for (let first = 0; first < task.size; first += step)
    result.set(
      kernel.merge(
        task,
        state,
        inputs.map((input) => input.subarray(first, first + step)),
        first,
      ),
      first,
    );
  return result;
}
