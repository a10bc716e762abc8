/** A merged tensor as an expression: what it is made of and how, evaluated block by block when it is read. */
import type { MergeExpression, ComputedTensor, Tensor } from '../checkpoint/checkpoint.js';
import type { Evaluator, ReadElements } from './evaluator.js';
import { kernelOf, type KernelName } from './methods/kernels.js';
import type { MergeTask } from './arithmetic/task.js';

/** Elements of every input that a pass over the whole tensor holds at once. */
const PASS = 1 << 17;

export const merge: Evaluator<MergeExpression, unknown> = {
  unit: (tensor) => {
    const expression = tensor.expression as MergeExpression;
    return kernelFor(expression).unit?.(taskOf(expression, tensor)) ?? 1;
  },
  prepare(expression, tensor, read) {
    const task = taskOf(expression, tensor);
    const kernel = kernelFor(expression);
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
    return kernelFor(expression).merge(task, prepared, block, first);
  },
};

/** An expression is made by the recipe's compiler, which knows the kernels. */
function kernelFor({ method }: MergeExpression) {
  return kernelOf(method as KernelName);
}

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
