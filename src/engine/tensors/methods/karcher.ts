import { clamp, dot, normOf, overall, sumOf } from '../arithmetic/gram.js';
import { numberOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';

/** Source: mergekit's `karcher`. */
const kernel = overall(
  (task) => ({ origin: undefined, vectors: Array.from(task.models.keys()) }),
  (gram, { shared }) => {
    if (gram.length === 1) return [1];
    const [iterations, tolerance] = [numberOf(shared, 'max_iter'), numberOf(shared, 'tol')];
    const norms = gram.map((row, index) => Math.sqrt(row[index]!));
    const valid = norms.flatMap((norm, index) => (norm > tolerance ? [index] : []));
    if (valid.length === 0) return norms.map(() => 0);
    // Coefficients over the given vectors throughout; uᵢ is 1/‖vᵢ‖ at i.
    const unit = (index: number) => norms.map((norm, other) => (other === index ? 1 / norm : 0));
    const weight = 1 / valid.length;
    const scaled = (vector: readonly number[], factor: number) => vector.map((value) => value * factor);
    let mean = norms.map((norm, index) => (valid.includes(index) ? weight / norm : 0));
    const first = normOf(gram, mean);
    mean = first < tolerance ? unit(valid[0]!) : scaled(mean, 1 / first);
    for (let iteration = 0; iteration < iterations; iteration++) {
      const tangent = norms.map(() => 0);
      for (const index of valid) {
        const cos = clamp(dot(gram, mean, index) / norms[index]!, -1, 1);
        const angle = Math.acos(cos);
        if (angle < tolerance) continue;
        const factor = (weight * angle) / Math.sin(angle);
        mean.forEach((value, at) => (tangent[at]! += factor * ((at === index ? 1 / norms[index]! : 0) - cos * value)));
      }
      const length = normOf(gram, tangent);
      if (length < tolerance) break;
      mean = mean.map((value, at) => Math.cos(length) * value + (Math.sin(length) * tangent[at]!) / length);
      const norm = normOf(gram, mean);
      if (norm > tolerance) mean = scaled(mean, 1 / norm);
    }
    return scaled(mean, sumOf(norms) / norms.length);
  },
);

export const karcher = method({
  name: 'karcher',
  title: 'Karcher mean',
  random: false,
  base: 'ignored',
  models: { min: 1, max: ANY },
  paper: { title: 'arXiv 2603.04972', url: 'https://arxiv.org/abs/2603.04972' },
  doc:
    "The point on the sphere with the least sum of squared distances to the models' directions, " +
    'times their mean norm.',
  formula: 'm ← exp_m(1/n Σ log_m(uᵢ)) until it rests; W = mean ‖Wᵢ‖ · m',
  parameters: [
    { name: 'max_iter', type: 'integer', scope: 'shared', default: 10, min: 0, doc: 'Iterations at most.' },
    {
      name: 'tol',
      type: 'number',
      scope: 'shared',
      default: 1e-5,
      min: 0,
      doc: 'Ends when the step is shorter; vectors shorter than it do not count.',
    },
  ],
  kernel,
});
