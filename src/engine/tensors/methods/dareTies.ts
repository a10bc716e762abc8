import { differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { parametersOfDifferences } from './parameters.js';
import { DARE, ELECT } from './papers.js';

export const dareTies = method({
  name: 'dare_ties',
  title: 'DARE TIES',
  random: true,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: DARE,
  doc: 'Drops differences at random, scales up what is left, elects a sign per element, and adds what agrees with it.',
  formula: `δᵢ = Δᵢ · Bernoulli(density), scaled to Σ|δᵢ| = Σ|Δᵢ|; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ`,
  parameters: parametersOfDifferences({ normalize: false, rescale: true }),
  kernel: differences('random', true),
});
