import { chancesRefusal, differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { EPSILON, parametersOfDifferences } from './parameters.js';
import { DELLA, ELECT } from './papers.js';

export const della = method({
  name: 'della',
  title: 'DELLA',
  random: true,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: DELLA,
  doc: 'Drops differences at random, small ones more often, elects a sign per element, and adds what agrees with it.',
  formula:
    `δᵢ = Δᵢ · Bernoulli(density − ε … density + ε by rank in the row), scaled to Σ|δᵢ| = Σ|Δᵢ|; ${ELECT}; ` +
    'W = W₀ + λ Σ wᵢδᵢ / Σ wᵢ over those',
  parameters: parametersOfDifferences({ normalize: true, rescale: true }, EPSILON),
  kernel: differences('ranked', true),
  refusal: chancesRefusal,
});
