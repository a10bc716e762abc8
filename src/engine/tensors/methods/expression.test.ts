// Merged tensors are read in blocks, whatever their size: counted, not timed.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { ComputedTensor, Tensor, MergeExpression } from '../../checkpoint/checkpoint.js';
import { evaluate } from '../computed.js';
import { computedTensor } from '../../checkpoint/computedTensor.js';
import { METHOD_NAMES, METHODS, type MethodName } from './list.js';

const ROWS = 800;
const COLUMNS = 401;
const SIZE = ROWS * COLUMNS;
/** Elements that are asked of an input at once, at most: a block, rounded up to a whole row. */
const LARGEST = (1 << 18) + COLUMNS;

/** Passes over every input before anything can be computed: what each method must know of the whole tensor. */
const PASSES: Record<MethodName, number> = {
  passthrough: 0,
  linear: 0,
  nearswap: 0,
  ram: 0,
  task_arithmetic: 0,
  dare_linear: 1,
  dare_ties: 1,
  della: 1,
  della_linear: 1,
  slerp: 1,
  nuslerp: 1,
  multislerp: 1,
  karcher: 1,
  model_stock: 1,
  ramplus_tl: 1,
  ties: 3,
  breadcrumbs: 3,
  breadcrumbs_ties: 3,
  arcee_fusion: 5,
  sce: 7,
};

function tensorOf(method: MethodName, name: string): ComputedTensor {
  const { models, base, parameters } = METHODS[method];
  const count = method === 'nuslerp' ? 2 : Math.min(3, models.max);
  const given = (shared: boolean) =>
    Object.fromEntries(
      parameters
        .filter(({ scope }) => (scope === 'shared') === shared)
        .map((one) => [one.name, one.default ?? (one.name === 'scale' ? null : 0.5)]),
    );
  const own = given(false);
  if ('density' in own) own['density'] = 0.5;
  const shared = { ...given(true), ...(method === 'sce' ? { select_topk: 0.5 } : {}) };
  const inputs = Array.from(
    { length: count },
    (_, index) => ({ name: String(index), size: SIZE }) as unknown as Tensor,
  );
  const expression: MergeExpression = {
    kind: 'merge',
    method,
    inputs,
    base: base === 'required' ? 0 : null,
    models: inputs.map(() => own),
    shared,
    stream: name,
  };
  return computedTensor({ onDisk: name, name, dtype: 'F32', shape: [ROWS, COLUMNS] }, expression);
}

const value = (input: number, element: number) =>
  Math.sin(element * 0.37) + 0.1 * input * Math.sin(element * (1.3 + input));

describe('a merged tensor', () => {
  for (const method of METHOD_NAMES) {
    it(`is computed block by block: ${method}`, async () => {
      let read = 0;
      const reader = (tensor: Tensor, first: number, target: Float64Array) => {
        assert.ok(target.length <= LARGEST, `${target.length} elements at once`);
        assert.ok(first >= 0 && first + target.length <= SIZE, 'beyond the tensor');
        read += target.length;
        for (let index = 0; index < target.length; index++) target[index] = value(Number(tensor.name), first + index);
        return Promise.resolve();
      };
      const tensor = tensorOf(method, `whole/${method}`);
      const { inputs } = tensor.expression as MergeExpression;
      const whole = new Float64Array(SIZE);
      await evaluate(tensor, 0, SIZE, reader, (values, at) => whole.set(values, at));
      assert.equal(read, (PASSES[method] + 1) * inputs.length * SIZE);

      // A part alone, from a place where no block begins, is the same; what is known of the whole is not read again.
      read = 0;
      const [first, count] = [SIZE - 1234, 777];
      const part = new Float64Array(count);
      await evaluate(tensor, first, count, reader, (values, at) => part.set(values, at));
      assert.deepEqual(part, whole.slice(first, first + count));
      assert.ok(read < (LARGEST * inputs.length) / 4, `${read} elements for ${count}`);
    });
  }
});
