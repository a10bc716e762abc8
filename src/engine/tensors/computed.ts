/**
 * Tensors that are computed when they are read: an adapter on its base, a merge of several models, codes with scales. A
 * tensor says how as plain data, its *expression*; what evaluates each kind stands in `EVALUATORS` and nowhere else.
 */
import type { ComputedTensor, TensorExpression } from '../checkpoint/checkpoint.js';
import type { Evaluator, ReadElements } from './evaluator.js';
import { merge } from './merge.js';
import { lora } from './lora.js';
import { scaled } from './scaled.js';
import { view } from './view.js';

type Evaluators = { [K in TensorExpression['kind']]: Evaluator<Extract<TensorExpression, { kind: K }>, unknown> };

const EVALUATORS: Evaluators = { lora, merge, scaled, view };

/** What a thread that computes tensors takes, whatever their size (measured: 85 to 145 MB, with up to nine sources). */
export const COMPUTING_BYTES = 160 << 20;
/** Elements computed at once, rounded up to the evaluator's unit: 2 MiB of float64 per operand. */
const BLOCK = 1 << 18;

/**
 * Computes elements `first` … `first + count` block by block, before rounding, and hands each to `take` with its place.
 */
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
