import { differences } from '../arithmetic/differences.js';
import { ANY, method } from './method.js';
import { GAMMA, parametersOfDifferences } from './parameters.js';
import { BREADCRUMBS } from './papers.js';

export const breadcrumbs = method({
  name: 'breadcrumbs',
  title: 'Model Breadcrumbs',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: BREADCRUMBS,
  doc: 'Removes the largest differences as outliers and the smallest as noise, and adds the rest.',
  formula: 'δᵢ = Δᵢ without the γ·n largest and without the smallest, density·n left; W = W₀ + λ Σ wᵢδᵢ',
  parameters: parametersOfDifferences({ normalize: false, rescale: false }, GAMMA),
  kernel: differences('outliers', false),
});
