import { ramMerge, type RamState } from '../arithmetic/ram.js';
import { type Kernel, othersOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';
import { RAM } from './papers.js';
import { LEAST_DIFFERENCE } from './parameters.js';

/** Source: mergekit's `ram`. */
const kernel: Kernel<RamState> = {
  prepare: (task) => Promise.resolve({ factors: othersOf(task).map(() => 1) }),
  merge: ramMerge,
};

export const ram = method({
  name: 'ram',
  title: 'Reinforced Agent Merging',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: RAM,
  doc: 'Keeps changes that only one model made as they are, and averages those that several made.',
  formula: 'c = number of models with |Δᵢ| > ε; W = W₀ + Σ Δᵢ/c over those',
  parameters: [LEAST_DIFFERENCE],
  kernel,
});
