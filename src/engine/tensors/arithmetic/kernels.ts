/** Which kernel does which method. */
import { karcher, modelStock, multislerp, nuslerp, slerp } from './combine.js';
import { differences } from './differences.js';
import { arceeFusion, ram, ramPlus, sce } from './elements.js';
import { linear, nearswap, passthrough } from './linear.js';
import { noise } from './noise.js';
import type { Block, Kernel, MergeTask, Passes } from './task.js';

/** What weights are made by: a method of recipes, or noise. */
export type KernelName =
  | 'passthrough'
  | 'linear'
  | 'nearswap'
  | 'slerp'
  | 'nuslerp'
  | 'multislerp'
  | 'karcher'
  | 'noise'
  | 'sce'
  | 'ram'
  | 'task_arithmetic'
  | 'ties'
  | 'dare_linear'
  | 'dare_ties'
  | 'della'
  | 'della_linear'
  | 'breadcrumbs'
  | 'breadcrumbs_ties'
  | 'model_stock'
  | 'arcee_fusion'
  | 'ramplus_tl';

const KERNELS = {
  passthrough,
  linear,
  nearswap,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  noise,
  sce,
  ram,
  task_arithmetic: differences('none', false),
  ties: differences('magnitude', true),
  dare_linear: differences('random', false),
  dare_ties: differences('random', true),
  della: differences('ranked', true),
  della_linear: differences('ranked', false),
  breadcrumbs: differences('outliers', false),
  breadcrumbs_ties: differences('outliers', true),
  model_stock: modelStock,
  arcee_fusion: arceeFusion,
  ramplus_tl: ramPlus,
} satisfies Record<KernelName, unknown>;

/** The kernel; its state passes from `prepare` to `merge` and concerns nobody else. */
export function kernelOf(name: KernelName): Kernel<unknown> {
  return KERNELS[name];
}

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
