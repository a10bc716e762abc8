import { differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { parametersOfDifferences } from './parameters.js';
import { TASK_ARITHMETIC } from './papers.js';

export const taskArithmetic = method({
  name: 'task_arithmetic',
  title: 'Task arithmetic',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: TASK_ARITHMETIC,
  doc: 'Adds the weighted differences of the models to the base.',
  formula: 'W = W₀ + λ Σ wᵢΔᵢ; with normalize divided by Σ wᵢ',
  parameters: parametersOfDifferences({ normalize: false, rescale: false }),
  kernel: differences('none', false),
});
