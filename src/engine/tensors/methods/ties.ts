import { differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { parametersOfDifferences } from './parameters.js';
import { ELECT, TIES } from './papers.js';

export const ties = method({
  name: 'ties',
  title: 'TIES',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: TIES,
  doc: 'Keeps the largest differences of each model, elects a sign per element, and adds those that agree with it.',
  formula: `δᵢ = the density·n largest |Δᵢ|; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ / Σ wᵢ over those`,
  parameters: parametersOfDifferences({ normalize: true, rescale: false }),
  kernel: differences('magnitude', true),
});
