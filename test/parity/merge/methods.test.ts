/** The mathematics of the merge methods against mergekit's own: `make_expectations.py` wrote the numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { differences } from '../../../src/engine/tensors/arithmetic/differences.js';
import { kernelOf } from '../../../src/engine/tensors/methods/kernels.js';
import { mergeArrays } from '../../../src/engine/tensors/arithmetic/mergeArrays.js';
import type { Kernel, MergeTask, Parameters } from '../../../src/engine/tensors/arithmetic/task.js';
import { METHOD_NAMES, METHODS, type MethodName } from '../../../src/engine/tensors/methods/list.js';
import { bell, mix } from '../hashed.js';

interface CaseTensor {
  shape: number[];
  scale?: number;
  grid?: number;
  models: { seed: number; update?: number; changed?: number }[];
}
interface Case {
  method: MethodName;
  tensors: string[];
  /** Models of the tensor, in the order in which they are given; `base` is one of them. */
  inputs: number[];
  base?: number;
  models?: Parameters[];
  shared?: Parameters;
}
interface Expectation {
  values?: number[];
  /** Every 97th value, where there are many; and sums of the values, of their magnitudes, and weighted by place. */
  sample?: number[];
  sums?: [number, number, number];
  /** Bits, per model that is not the base and whose differences are not all kept. */
  masks?: string[];
}

const FOLDER = path.resolve('test/parity/merge');
const readJson = <T>(file: string) => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as T;
const { tensors, cases } = readJson<{ tensors: Record<string, CaseTensor>; cases: Case[] }>('cases.json');
const expected = readJson<{ cases: Record<string, Expectation>[] }>('expectations.json').cases;

const SCALE = 0.05;
const STRIDE = 97;
const RELATIVE = 1e-6;

describe('parity of merge methods with mergekit', () => {
  for (const [number, testCase] of cases.entries()) {
    for (const [name, expectation] of Object.entries(expected[number]!)) {
      it(`${testCase.method}: case ${number}, ${name}`, async () => {
        const tensor = tensors[name]!;
        const task = taskOf(testCase, tensor, name);
        const kernel = kernelFor(testCase, task, expectation.masks);
        const inputs = testCase.inputs.map((index) => valuesOf(tensor, index));
        const result = await mergeArrays(kernel, task, inputs);
        holdsTo(result, expectation);
        // The same in pieces.
        const pieces = await mergeArrays(kernel, task, inputs, Math.ceil(task.size / 3));
        holdsTo(pieces, expectation);
      });
    }
  }

  it('covers every method', () => {
    assert.deepEqual(new Set(cases.map(({ method }) => method)), new Set(METHOD_NAMES));
  });
});

/**
 * Relative to each value, or where it is small to the weights' own size: a weight near zero is the sum of some that are
 * not. mergekit rounds differences to float32 before it masks them at random, in float64 too.
 */
function holdsTo(result: Float64Array, { values, sample, sums, masks }: Expectation): void {
  const floor = masks === undefined ? 1e-2 : 0.3;
  const scale = Math.sqrt(result.reduce((sum, value) => sum + value * value, 0) / result.length);
  const close = (actual: number, wanted: number, tolerance: number, where: string) =>
    assert.ok(
      Math.abs(actual - wanted) <= tolerance,
      `${where}: ${actual} instead of ${wanted}, ${Math.abs(actual - wanted) / tolerance} times the tolerance`,
    );
  for (const [index, value] of (values ?? sample ?? []).entries()) {
    const at = values ? index : index * STRIDE;
    close(result[at]!, value, RELATIVE * Math.max(Math.abs(value), floor * scale), `element ${at}`);
  }
  assert.equal(result.length, values?.length ?? result.length);
  if (sums) {
    const actual = [0, 0, 0];
    result.forEach((value, index) => {
      actual[0]! += value;
      actual[1]! += Math.abs(value);
      actual[2]! += value * index;
    });
    // One element that is kept where it should not be moves these by more.
    sums.forEach((value, index) =>
      close(actual[index]!, value, 1e-3 * scale * (index === 2 ? result.length : 1), `sum ${index}`),
    );
  }
}

function taskOf({ method, inputs, base, models, shared }: Case, { shape }: CaseTensor, name: string): MergeTask {
  const spec = METHODS[method].parameters;
  const defaults = (scope: (one: string) => boolean) =>
    Object.fromEntries(
      spec
        .filter((parameter) => scope(parameter.scope))
        .map((parameter) => [parameter.name, parameter.default ?? null]),
    );
  return {
    shape,
    size: shape.reduce((product, size) => product * size, 1),
    base: base === undefined ? undefined : inputs.indexOf(base),
    models: inputs.map((_, index) => ({ ...defaults((scope) => scope !== 'shared'), ...models?.[index] })),
    shared: { ...defaults((scope) => scope === 'shared'), ...shared },
    stream: `parity/${name}`,
  };
}

const RANDOM: Partial<Record<MethodName, (mask: (location: number, index: number) => boolean) => Kernel<never>>> = {
  dare_linear: (mask) => differences('random', false, mask) as Kernel<never>,
  dare_ties: (mask) => differences('random', true, mask) as Kernel<never>,
  della: (mask) => differences('ranked', true, mask) as Kernel<never>,
  della_linear: (mask) => differences('ranked', false, mask) as Kernel<never>,
};

/** With the masks that mergekit drew, where it drew any. */
function kernelFor({ method }: Case, task: MergeTask, masks: string[] | undefined): Kernel<unknown> {
  const make = RANDOM[method];
  if (make === undefined) return kernelOf(method);
  // mergekit draws for models whose density is below one, in their order.
  const drawn = [...(masks ?? [])].map((mask) => Buffer.from(mask, 'base64'));
  const others = task.models.filter((_, index) => index !== task.base);
  const maskOf = others.map((model) => (Number(model['density']) < 1 ? drawn.shift() : undefined));
  assert.equal(drawn.length, 0);
  return make((location, index) => {
    const mask = maskOf[location];
    assert.ok(mask);
    return ((mask[index >> 3]! >> (index & 7)) & 1) === 1;
  });
}

function valuesOf({ shape, scale = SCALE, grid, models }: CaseTensor, model: number): Float64Array {
  const { seed, update, changed = 1 } = models[model]!;
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return Float64Array.from({ length: size }, (_, index) => {
    let value = scale * bell(models[0]!.seed, index);
    if (update !== undefined && mix(seed + 500, index) / 2 ** 32 < changed) value += scale * update * bell(seed, index);
    return grid === undefined ? value : Math.floor(value * grid + 0.5) / grid;
  });
}
