/** Methods that look at one element at a time and need nothing of the rest: passthrough, linear, nearswap. */
import { type Kernel, numberOf, othersOf } from './task.js';

/** `scale · W`. Without a scale nothing is computed: the plan takes the stored tensor itself. */
export const passthrough: Kernel<null> = {
  prepare: () => Promise.resolve(null),
  merge: ({ models }, _, [only]) => {
    const scale = models[0]?.['scale'] ?? null;
    return scale === null ? only!.slice() : only!.map((value) => value * Number(scale));
  },
};

/** Source: mergekit's `linear`. */
export const linear: Kernel<null> = {
  prepare: () => Promise.resolve(null),
  merge: ({ models, shared }, _, block) => {
    const weights = models.map((model) => numberOf(model, 'weight'));
    const divisor = shared['normalize'] === true ? weights.reduce((sum, weight) => sum + weight, 0) : 1;
    const result = new Float64Array(block[0]!.length);
    block.forEach((values, input) => {
      const weight = weights[input]!;
      for (let index = 0; index < result.length; index++) result[index]! += weight * values[index]!;
    });
    if (divisor !== 1) for (let index = 0; index < result.length; index++) result[index]! /= divisor;
    return result;
  },
};

/** A difference smaller than this is one of this size. */
const NEAR = 1e-6;

export const nearswap: Kernel<null> = {
  prepare: () => Promise.resolve(null),
  merge: (task, _, block) => {
    const t = numberOf(task.shared, 't');
    const [base, other] = [block[task.base!]!, block[othersOf(task)[0]!]!];
    return base.map((a, index) => {
      const b = other[index]!;
      const weight = Math.min(1, Math.max(0, t / Math.max(Math.abs(a - b), NEAR)));
      return weight * b + (1 - weight) * a;
    });
  },
};
