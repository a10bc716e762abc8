/**
 * Merging one tensor, as mathematics: no files, no names. A kernel sees the inputs in blocks, in float64; what it needs
 * to know of the whole tensor it gathers in passes over them before.
 */
import type { MergeParameters } from '../../checkpoint/checkpoint.js';

export type Parameters = MergeParameters;

export interface MergeTask {
  shape: readonly number[];
  /** Elements. */
  size: number;
  /** Index of the base among the inputs. */
  base: number | undefined;
  /** Per input, the method's parameters of a model. */
  models: readonly Parameters[];
  shared: Parameters;
  /** Names the random numbers: the same text, the same numbers. */
  stream: string;
}

/** One array per input, all of the same elements of the tensor. They are used again: nothing may keep them. */
export type Block = readonly Float64Array[];

/** Goes over all elements once, in order; blocks are whole units but for the last. */
export type Passes = (visit: (block: Block, first: number) => void) => Promise<void>;

/** A merge method. `S`: what it knows of the whole tensor; plain data, at most a few megabytes. */
export interface Kernel<S> {
  /** Elements that must be in one block together; 1 when left out. */
  unit?(task: MergeTask): number;
  prepare(task: MergeTask, passes: Passes): Promise<S>;
  /** The merged elements, the first of which is element `first` of the tensor. */
  merge(task: MergeTask, state: S, block: Block, first: number): Float64Array;
}

/** A kernel whose state's type is its own affair. */
export type AnyKernel = Kernel<never>;

export function numberOf(parameters: Parameters | undefined, name: string): number {
  return Number(parameters?.[name]);
}

/** Indices of the inputs that are not the base. */
export function othersOf(task: MergeTask): number[] {
  return Array.from(task.models.keys()).filter((index) => index !== task.base);
}

/** Size of the last dimension: a row. */
export function rowOf({ shape, size }: MergeTask): number {
  return Math.max(1, shape.length === 0 ? size : shape.at(-1)!);
}
