/** A merged tensor as an expression: what it is made of and how, evaluated block by block when it is read. */
import type { ComputedTensor, Tensor } from '../checkpoint/checkpoint.js';
import type { Evaluator, ReadElements } from '../checkpoint/computed.js';
import { kernelOf, type KernelName } from './arithmetic/kernels.js';
import type { MergeTask, Parameters } from './arithmetic/task.js';

export interface MergeExpression {
  kind: 'merge';
  method: KernelName;
  /** All of the shape of the result; may be computed themselves. */
  inputs: readonly Tensor[];
  /** Index of the base among them. */
  base: number | null;
  /** Per input. */
  models: readonly Parameters[];
  shared: Parameters;
  /** Names the random numbers. */
  stream: string;
}

/** Elements of every input that a pass over the whole tensor holds at once. */
const PASS = 1 << 17;

export const merge: Evaluator<MergeExpression, unknown> = {
  unit: (tensor) => {
    const expression = tensor.expression as MergeExpression;
    return kernelOf(expression.method).unit?.(taskOf(expression, tensor)) ?? 1;
  },
  prepare(expression, tensor, read) {
    const task = taskOf(expression, tensor);
    const kernel = kernelOf(expression.method);
    const unit = kernel.unit?.(task) ?? 1;
    const step = Math.ceil(PASS / unit) * unit;
    return kernel.prepare(task, async (visit) => {
      for (let first = 0; first < task.size; first += step)
        visit(await readAll(expression.inputs, first, Math.min(step, task.size - first), read), first);
    });
  },
  async evaluate({ tensor, expression, prepared, first, count, read }) {
    const task = taskOf(expression, tensor);
    // The last unit may be asked for beyond the tensor's end.
    const block = await readAll(expression.inputs, first, Math.min(count, task.size - first), read);
    return kernelOf(expression.method).merge(task, prepared, block, first);
  },
};

async function readAll(
  inputs: readonly Tensor[],
  first: number,
  count: number,
  read: ReadElements,
): Promise<Float64Array[]> {
  const blocks: Float64Array[] = [];
  for (const input of inputs) {
    const block = new Float64Array(count);
    await read(input, first, block);
    blocks.push(block);
  }
  return blocks;
}

function taskOf({ base, models, shared, stream }: MergeExpression, { shape, size }: ComputedTensor): MergeTask {
  return { shape, size, base: base ?? undefined, models, shared, stream };
}
