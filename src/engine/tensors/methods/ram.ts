import { ramMerge, type RamState } from '../arithmetic/ram.js';
import { type Kernel, othersOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';
import { RAM } from './papers.js';

/** Source: mergekit's `ram`. */
const kernel: Kernel<RamState> = {
  prepare: (task) => Promise.resolve({ factors: othersOf(task).map(() => 1) }),
  merge: ramMerge,
};

/** Of `ram` and `ramplus_tl`. */
export const EPSILON = {
  name: 'epsilon',
  type: 'number',
  scope: 'shared',
  default: 1e-5,
  min: 0,
  doc: 'Smaller differences do not count.',
} as const;

export const ram = method({
  name: 'ram',
  title: 'Reinforced Agent Merging',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: RAM,
  doc: 'Keeps changes that only one model made as they are, and averages those that several made.',
  formula: 'c = number of models with |Δᵢ| > ε; W = W₀ + Σ Δᵢ/c over those',
  parameters: [EPSILON],
  kernel,
});
