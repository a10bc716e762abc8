import { differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { parametersOfDifferences } from './parameters.js';
import { DARE } from './papers.js';

export const dareLinear = method({
  name: 'dare_linear',
  title: 'Linear DARE',
  random: true,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: DARE,
  doc: 'Drops differences at random, scales up what is left, and adds it.',
  formula: 'δᵢ = Δᵢ · Bernoulli(density), scaled to Σ|δᵢ| = Σ|Δᵢ|; W = W₀ + λ Σ wᵢδᵢ',
  parameters: parametersOfDifferences({ normalize: false, rescale: true }),
  kernel: differences('random', false),
});
