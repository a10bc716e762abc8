import { deltasOf } from '../arithmetic/deltas.js';
import { ramMerge, type RamState } from '../arithmetic/ram.js';
import { type Kernel, numberOf, othersOf } from '../arithmetic/task.js';
import { ANY, method } from './method.js';
import { RAM } from './papers.js';
import { LEAST_DIFFERENCE } from './parameters.js';

/** Source: mergekit's `ramplus_tl`: overlap is measured per tensor. */
const kernel: Kernel<RamState> = {
  async prepare(task, passes) {
    const [r, alpha, epsilon] = [
      numberOf(task.shared, 'r'),
      numberOf(task.shared, 'alpha'),
      numberOf(task.shared, 'epsilon'),
    ];
    const counts = othersOf(task).map(() => ({ shared: 0, unique: 0 }));
    await passes((block) => {
      const deltas = deltasOf(task, block);
      for (let index = 0; index < block[0]!.length; index++) {
        let changed = 0;
        for (const delta of deltas) if (Math.abs(delta[index]!) > epsilon) changed++;
        if (changed === 0) continue;
        for (const [ordinal, delta] of deltas.entries())
          if (Math.abs(delta[index]!) > epsilon) counts[ordinal]![changed > 1 ? 'shared' : 'unique']++;
      }
    });
    return {
      factors: counts.map(
        ({ shared, unique }) => 1 + r * Math.min(alpha, Math.max(0, shared / Math.max(unique, epsilon))),
      ),
    };
  },
  merge: ramMerge,
};

export const ramplusTl = method({
  name: 'ramplus_tl',
  title: 'Reinforced Agent Merging Plus, tensor-local',
  random: false,
  base: 'required',
  models: { min: 1, max: ANY },
  paper: RAM,
  doc: 'As ram, but changes that only one model made are strengthened by how much of its change is shared.',
  formula:
    'ρᵢ = shared/unique elements of model i; λᵢ = 1 + r · min(ρᵢ, α); W = W₀ + Σ λᵢΔᵢ where unique, ' +
    'Σ Δᵢ/c where shared',
  parameters: [
    { name: 'r', type: 'number', scope: 'shared', default: 0.1, doc: 'Strength of the reinforcement.' },
    {
      name: 'alpha',
      type: 'number',
      scope: 'shared',
      default: 0.2,
      min: 0,
      doc: 'The ratio of shared to unique elements counts up to here.',
    },
    LEAST_DIFFERENCE,
  ],
  kernel,
});
