/**
 * Tensors that are computed when they are read: an adapter on its base, a merge of several models, codes with scales. A tensor says how as
 * plain data, its *expression*; what evaluates each kind stands in `EVALUATORS` and nowhere else.
 */
import { createHash } from 'node:crypto';
import { merge, type MergeExpression } from '../merge/expression.js';
import type { ComputedTensor, Dtype, Tensor } from './checkpoint.js';
import { type LoraExpression, lora } from './lora.js';
import { type ScaledExpression, scaled } from './scaled.js';
import { view, type ViewExpression } from './view.js';

/** Every kind of expression. Structured-clone safe: it is evaluated in worker threads. */
export type TensorExpression = LoraExpression | MergeExpression | ScaledExpression | ViewExpression;

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

type Evaluators = { [K in TensorExpression['kind']]: Evaluator<Extract<TensorExpression, { kind: K }>, unknown> };

const EVALUATORS: Evaluators = { lora, merge, scaled, view };

/** What a thread that computes tensors takes, whatever their size (measured: 85 to 145 MB, with up to nine sources). */
export const COMPUTING_BYTES = 160 << 20;
/** Elements computed at once, rounded up to the evaluator's unit: 2 MiB of float64 per operand. */
const BLOCK = 1 << 18;

/** A tensor that `expression` gives. */
export function computedTensor(
  facts: { onDisk: string; name: string; dtype: Dtype; shape: number[] },
  expression: TensorExpression,
): ComputedTensor {
  const { onDisk, name, dtype, shape } = facts;
  // Shards carry what tells a file from its successor: real path, length, time, header.
  const content = JSON.stringify([dtype, shape, expression], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const id = createHash('sha256').update(content).digest('hex');
  return { onDisk, name, dtype, shape, size: shape.reduce((product, size) => product * size, 1), expression, id };
}

/** Computes elements `first` … `first + count` block by block, before rounding, and hands each to `take` with its place. */
export async function evaluate(
  tensor: ComputedTensor,
  first: number,
  count: number,
  read: ReadElements,
  take: (values: Float64Array | Float32Array, at: number) => void,
): Promise<void> {
  const evaluator = EVALUATORS[tensor.expression.kind] as Evaluator<TensorExpression, unknown>;
  const unit = evaluator.unit(tensor);
  const prepared = await preparation(tensor, evaluator, read);
  const step = Math.ceil(BLOCK / unit) * unit;
  const end = first + count;
  for (let at = first - (first % unit); at < end; at += step) {
    const stop = Math.min(at + step, Math.ceil(end / unit) * unit);
    const values = await evaluator.evaluate({
      tensor,
      expression: tensor.expression,
      prepared,
      first: at,
      count: stop - at,
      read,
    });
    const from = Math.max(first, at);
    take(values.subarray(from - at, Math.min(end, stop) - at), from - first);
  }
}

/** Tensors whose preparation is kept: those of one layer that are read side by side. */
const KEPT = 4;
const preparations = new Map<string, Promise<unknown>>();

function preparation(
  tensor: ComputedTensor,
  evaluator: Evaluator<TensorExpression, unknown>,
  read: ReadElements,
): Promise<unknown> {
  const known = preparations.get(tensor.id);
  preparations.delete(tensor.id);
  const made = known ?? evaluator.prepare(tensor.expression, tensor, read);
  preparations.set(tensor.id, made); // last in the order of use
  made.catch(() => preparations.delete(tensor.id));
  for (const oldest of preparations.keys()) {
    if (preparations.size <= KEPT) break;
    preparations.delete(oldest);
  }
  return made;
}
