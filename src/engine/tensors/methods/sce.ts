import { deltasOf } from '../arithmetic/deltas.js';
import { countTies, RankSearch, type RankWindow, selectWindow, TIE_STRIDE, topOf } from '../arithmetic/select.js';
import { type Block, type Kernel, type MergeTask, numberOf, othersOf, type Passes } from '../arithmetic/task.js';
import { ANY, method } from './method.js';
import { INT8_MASK } from './parameters.js';

interface SceState {
  /** Elements that are selected; null for all. */
  window: RankWindow | 'none' | null;
  /** Per model that is not the base. */
  weights: readonly number[];
}

/** Population variance over the models, per element. */
function variances(deltas: readonly Float64Array[]): Float64Array {
  const count = deltas.length;
  return deltas[0]!.map((_, index) => {
    let mean = 0;
    for (const delta of deltas) mean += delta[index]! / count;
    let sum = 0;
    for (const delta of deltas) sum += (delta[index]! - mean) ** 2;
    return sum / count;
  });
}

/** The differences, those that are not selected zero. */
function selected(task: MergeTask, window: SceState['window'], block: Block, first: number): Float64Array[] {
  const deltas = deltasOf(task, block);
  if (window === null) return deltas;
  const result = deltas.map((delta) => new Float64Array(delta.length));
  if (window !== 'none') {
    selectWindow(window, variances(deltas), first, (index) => {
      for (const [ordinal, delta] of deltas.entries()) result[ordinal]![index] = delta[index]!;
    });
  }
  return result;
}

/** Source: mergekit's `sce`; FuseChat's select, calculate, erase. */
const kernel: Kernel<SceState> = {
  unit: () => TIE_STRIDE,
  async prepare(task, passes) {
    const others = othersOf(task);
    if (others.length === 0) return { window: null, weights: [] };
    const window = await selection(task, passes);
    const energies = others.map(() => 0);
    await passes((block, first) => {
      for (const [ordinal, delta] of selected(task, window, block, first).entries())
        for (const value of delta) energies[ordinal]! += value * value;
    });
    const means = energies.map((energy) => energy / task.size);
    const total = means.reduce((sum, mean) => sum + mean, 0);
    return { window, weights: means.map((mean) => (Math.abs(total) < 1e-6 ? 1 / means.length : mean / total)) };
  },
  merge(task, { window, weights }, block, first) {
    const base = block[task.base!]!;
    if (weights.length === 0) return base.slice();
    const deltas = selected(task, window, block, first);
    return base.map((origin, index) => {
      let vote = 0;
      for (const delta of deltas) vote += delta[index]!;
      let [sum, divisor] = [0, 0];
      for (const [ordinal, delta] of deltas.entries()) {
        const value = delta[index]!;
        if (vote >= 0 ? value > 0 : value < 0) {
          sum += weights[ordinal]! * value;
          divisor += weights[ordinal]!;
        }
      }
      return origin + sum / Math.max(divisor, 1e-6);
    });
  },
};

async function selection(task: MergeTask, passes: Passes): Promise<SceState['window']> {
  const fraction = numberOf(task.shared, 'select_topk');
  if (fraction >= 1) return null;
  if (fraction <= 0) return 'none';
  let varying = 0;
  await passes((block) => {
    for (const value of variances(deltasOf(task, block))) if (value !== 0) varying++;
  });
  const count = Math.floor(varying * fraction);
  if (count === 0) return 'none';
  const search = new RankSearch([task.size - count], 64);
  while (!search.done) {
    await passes((block) => search.add(variances(deltasOf(task, block))));
    search.next();
  }
  const window = topOf(count, search.results()[0]!, task.size);
  await passes((block, first) => countTies(window, variances(deltasOf(task, block)), first));
  return window;
}

export const sce = method({
  name: 'sce',
  title: 'SCE',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: { title: 'FuseChat: Knowledge Fusion of Chat Models', url: 'https://arxiv.org/abs/2408.07990' },
  doc:
    'Selects the elements in which the models vary most, weighs each model by its energy there, ' +
    'and erases what disagrees with the elected sign.',
  formula:
    'select: the select_topk·n elements of largest variance; calculate: wᵢ ∝ mean Δᵢ²; erase: ' +
    'only the elected sign; W = W₀ + Σ wᵢΔᵢ / Σ wᵢ',
  parameters: [
    {
      name: 'select_topk',
      type: 'number',
      scope: 'shared',
      default: 1,
      min: 0,
      max: 1,
      doc: 'Share of the elements that vary at all that is selected.',
    },
    INT8_MASK,
  ],
  kernel,
});
