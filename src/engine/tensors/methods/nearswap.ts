import { type Kernel, numberOf, othersOf } from '../arithmetic/task.js';
import { method } from './method.js';

/** A difference smaller than this is one of this size. */
const NEAR = 1e-6;

const kernel: Kernel<null> = {
  prepare: () => Promise.resolve(null),
  merge: (task, _, block) => {
    const t = numberOf(task.shared, 't');
    const [base, other] = [block[task.base!]!, block[othersOf(task)[0]!]!];
    return base.map((a, index) => {
      const b = other[index]!;
      const weight = Math.min(1, Math.max(0, t / Math.max(Math.abs(a - b), NEAR)));
      return weight * b + (1 - weight) * a;
    });
  },
};

export const nearswap = method({
  name: 'nearswap',
  title: 'NearSwap',
  random: false,
  base: 'required',
  models: { min: 2, max: 2 },
  paper: { title: 'QuartetAnemoi-70B', url: 'https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001' },
  doc:
    "Takes the other model's weight where it is within t of the base's, " +
    'and moves towards it by less the further it is.',
  formula: 'W = W₀ + min(1, t/|W₁ − W₀|) · (W₁ − W₀)',
  parameters: [
    {
      name: 't',
      type: 'number',
      scope: 'shared',
      default: undefined,
      doc: 'Distance up to which weights are swapped.',
    },
  ],
  kernel,
});
