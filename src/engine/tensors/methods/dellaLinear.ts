import { chancesRefusal, differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { EPSILON, parametersOfDifferences } from './parameters.js';
import { DELLA } from './papers.js';

export const dellaLinear = method({
  name: 'della_linear',
  title: 'Linear DELLA',
  random: true,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: DELLA,
  doc: 'Drops differences at random, small ones more often, scales up what is left, and adds it.',
  formula:
    'δᵢ = Δᵢ · Bernoulli(density − ε … density + ε by rank in the row), scaled to Σ|δᵢ| = Σ|Δᵢ|; W = W₀ + λ Σ wᵢδᵢ',
  parameters: parametersOfDifferences({ normalize: false, rescale: true }, EPSILON),
  kernel: differences('ranked', false),
  refusal: chancesRefusal,
});
