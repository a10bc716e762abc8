import { FrankensteinError } from '../../errors.js';
import { dot, normOf, overall, sumOf } from '../arithmetic/gram.js';
import { numberOf, othersOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';
import { WEIGHT } from './parameters.js';

/** Source: mergekit's `multislerp`. */
const kernel = overall(
  // One model alone is taken as it is, not as a difference.
  (task) => ({ origin: othersOf(task).length > 1 ? task.base : undefined, vectors: othersOf(task) }),
  (gram, task) => {
    if (gram.length === 1) return [1];
    const eps = numberOf(task.shared, 'eps');
    let weights = othersOf(task).map((index) => numberOf(task.models[index], 'weight'));
    if (task.shared['normalize_weights'] === true) weights = weights.map((weight, _, all) => weight / sumOf(all));
    const norms = gram.map((row, index) => Math.sqrt(row[index]!));
    const perUnit = norms.map((norm) => 1 / (norm + eps));
    const raw = weights.map((weight, index) => weight * perUnit[index]!);
    const rawNorm = normOf(gram, raw);
    if (rawNorm < eps) {
      if (gram.length === 2) return weights;
      throw new FrankensteinError(
        'bad-request',
        'multislerp has no result where the weighted directions of the models cancel out: give them other weights.',
      );
    }
    const mean = raw.map((value) => value / rawNorm);
    const along = sumOf(weights.map((weight, index) => weight * perUnit[index]! * dot(gram, mean, index)));
    const tangent = raw.map((value, index) => value - along * mean[index]!);
    const length = normOf(gram, tangent) + eps;
    const scale = sumOf(weights.map((weight, index) => weight * norms[index]!));
    return mean.map(
      (value, index) => scale * (value * Math.cos(length) + (tangent[index]! * Math.sin(length)) / length),
    );
  },
);

export const multislerp = method({
  name: 'multislerp',
  title: 'Multi-SLERP',
  random: false,
  base: 'optional',
  models: { min: 1, max: ANY },
  others: { min: 1, max: ANY },
  paper: { title: 'Multi-SLERP', url: 'https://goddard.blog/posts/multislerp-wow-what-a-cool-idea' },
  doc:
    'Barycentric interpolation of several models on the sphere, in the tangent space at their weighted mean; ' +
    'with a base, of their differences to it.',
  formula: 'uᵢ = Wᵢ/‖Wᵢ‖; m = Σwᵢuᵢ/‖·‖; W = Σwᵢ‖Wᵢ‖ · exp_m(Σ wᵢ(uᵢ − ⟨uᵢ,m⟩m))',
  parameters: [
    WEIGHT,
    {
      name: 'normalize_weights',
      type: 'boolean',
      scope: 'shared',
      default: true,
      doc: 'Divide the weights by their sum.',
    },
    {
      name: 'eps',
      type: 'number',
      scope: 'shared',
      default: 1e-8,
      min: 0,
      doc: 'Added to norms before dividing by them.',
    },
  ],
  kernel,
});
