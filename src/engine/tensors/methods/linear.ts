import { type Kernel, numberOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';
import { fractionOfWeights, normalize, WEIGHT } from './parameters.js';

/** Source: mergekit's `linear`. */
const kernel: Kernel<null> = {
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

export const linear = method({
  name: 'linear',
  title: 'Linear',
  random: false,
  base: 'ignored',
  models: { min: 1, max: ANY },
  paper: {
    title:
      'Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing ' +
      'inference time',
    url: 'https://arxiv.org/abs/2203.05482',
  },
  doc: 'Weighted mean of the models.',
  formula: 'W = Σ wᵢWᵢ / Σ wᵢ; without normalize: W = Σ wᵢWᵢ',
  parameters: [{ ...WEIGHT, scope: 'model' }, normalize(true)],
  kernel,
  fraction: fractionOfWeights,
});
