import {
  addProducts,
  byRow,
  clamp,
  type Combination,
  combine,
  emptyGram,
  type Gram,
  sumOf,
  vectorsOf,
} from '../arithmetic/gram.js';
import { type Kernel, type MergeTask, othersOf, type Passes, rowOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';

/** Coefficients of the differences. */
function modelStockCoefficients(gram: Gram): number[] {
  const count = gram.length;
  const cosines: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++)
      cosines.push(clamp(gram[i]![j]! / Math.max(Math.sqrt(gram[i]![i]!) * Math.sqrt(gram[j]![j]!), 1e-6), -1, 1));
  }
  const cos = sumOf(cosines) / cosines.length;
  const denominator = 1 + (count - 1) * cos;
  // No finite interpolation there: the base stays.
  const t = Math.abs(denominator) < 1e-6 ? 0 : (count * cos) / denominator;
  return gram.map(() => t / count);
}

/** Source: mergekit's `model_stock`; the paper's ratio between base and mean. */
const kernel: Kernel<Combination | null> = {
  unit: (task) => (task.shared['filter_wise'] === true ? rowOf(task) : 1),
  async prepare(task: MergeTask, passes: Passes) {
    if (task.shared['filter_wise'] === true) return null;
    const others = othersOf(task);
    const gram = emptyGram(others.length);
    await passes((block) => addProducts(gram, vectorsOf(block, task.base, others), 0, block[0]!.length));
    return { coefficients: modelStockCoefficients(gram) };
  },
  merge(task, state, block) {
    const vectors = vectorsOf(block, task.base, othersOf(task));
    const origin = block[task.base!]!;
    const result = new Float64Array(origin.length);
    if (state !== null) combine(result, vectors, origin, state.coefficients);
    else
      byRow(task, vectors, (gram, from, to) =>
        combine(result, vectors, origin, modelStockCoefficients(gram), from, to),
      );
    return result;
  },
};

export const modelStock = method({
  name: 'model_stock',
  title: 'Model Stock',
  random: false,
  base: 'required',
  models: { min: 3, max: ANY },
  paper: {
    title: 'Model Stock: All we need is just a few fine-tuned models',
    url: 'https://arxiv.org/abs/2403.19522',
  },
  doc: 'Interpolates between the base and the mean of the models, by the angle between their differences.',
  formula: 'c = mean cos∠(Δᵢ, Δⱼ); t = Nc / (1 + (N−1)c); W = t · mean Wᵢ + (1−t) · W₀',
  parameters: [
    {
      name: 'filter_wise',
      type: 'boolean',
      scope: 'shared',
      default: false,
      doc: 'One angle per row instead of one per tensor.',
    },
  ],
  kernel,
});
