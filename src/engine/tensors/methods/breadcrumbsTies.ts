import { differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { GAMMA, parametersOfDifferences } from './parameters.js';
import { BREADCRUMBS, ELECT } from './papers.js';

export const breadcrumbsTies = method({
  name: 'breadcrumbs_ties',
  title: 'Model Breadcrumbs with TIES',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: BREADCRUMBS,
  doc:
    'Removes the largest differences as outliers and the smallest as noise, elects a sign per element, ' +
    'and adds what agrees with it.',
  formula: `δᵢ = Δᵢ without the γ·n largest and without the smallest, density·n left; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ`,
  parameters: parametersOfDifferences({ normalize: false, rescale: false }, GAMMA),
  kernel: differences('outliers', true),
});
