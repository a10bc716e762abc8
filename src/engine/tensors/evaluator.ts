/** How one kind of computed tensor is evaluated. */
import type { ComputedTensor, Tensor } from '../checkpoint/checkpoint.js';

/** Reads elements `first` … of a source, which may be computed itself, until `target` is full. */
export type ReadElements = (tensor: Tensor, first: number, target: Float64Array) => Promise<void>;

export interface Evaluation<E, P> {
  tensor: ComputedTensor;
  expression: E;
  /** What `prepare` gave. */
  prepared: P;
  /** First element and how many; multiples of `unit`. */
  first: number;
  count: number;
  read: ReadElements;
}

/** How one kind of expression is evaluated. `P`: what is needed of the whole tensor before any part can be computed. */
export interface Evaluator<E, P> {
  /** Elements that are computed together (a row, for a method that ranks within rows). */
  unit(tensor: ComputedTensor): number;
  /**
   * Norms, thresholds, a factor: made once per thread, and kept while parts of the tensor are read. At most a few
   * megabytes; what is larger is read with each part.
   */
  prepare(expression: E, tensor: ComputedTensor, read: ReadElements): Promise<P>;
  /** The elements, not rounded to the tensor's dtype: `count` of them, in an array that the caller may change. */
  evaluate(evaluation: Evaluation<E, P>): Promise<Float64Array | Float32Array>;
}
