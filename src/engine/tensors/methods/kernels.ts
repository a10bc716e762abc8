/** Which kernel does what a merged tensor's expression names. */
import { noise } from '../arithmetic/noise.js';
import type { Kernel } from '../arithmetic/task.js';
import { type MethodName, METHODS } from './list.js';

/** What weights are computed by: a method of recipes, or noise. */
export type KernelName = MethodName | 'noise';

/** The kernel; its state passes from `prepare` to `merge` and concerns nobody else. */
export function kernelOf(name: KernelName): Kernel<unknown> {
  return name === 'noise' ? noise : METHODS[name].kernel;
}
