import { arc, clamp, overall } from '../arithmetic/gram.js';
import { numberOf, othersOf } from '../arithmetic/task.js';
import { method } from './method.js';

/** Above this |cos θ| vectors count as parallel. */
const PARALLEL = 0.9995;

/** Source: mergekit's `slerp`; Shoemake, Animating rotation with quaternion curves. */
const kernel = overall(
  (task) => ({ origin: undefined, vectors: [task.base!, ...othersOf(task)] }),
  (gram, { shared }) => {
    const t = numberOf(shared, 't');
    const norm = (square: number) => (Math.sqrt(square) > 1e-8 ? Math.sqrt(square) : 1);
    const cos = clamp(gram[0]![1]! / (norm(gram[0]![0]!) * norm(gram[1]![1]!)), -1, 1);
    return Math.abs(cos) > PARALLEL ? [1 - t, t] : arc(cos, t);
  },
);

export const slerp = method({
  name: 'slerp',
  title: 'SLERP',
  random: false,
  base: 'required',
  models: { min: 2, max: 2 },
  paper: { title: 'Animating rotation with quaternion curves', url: 'https://doi.org/10.1145/325165.325242' },
  doc:
    'Spherical interpolation from the base (t = 0) to the other model (t = 1), each tensor as one vector. ' +
    'Nearly parallel vectors (|cos θ| > 0.9995) are interpolated linearly.',
  formula: 'W = sin((1−t)θ)/sin θ · W₀ + sin(tθ)/sin θ · W₁, θ the angle between W₀ and W₁',
  parameters: [
    { name: 't', type: 'number', scope: 'shared', default: undefined, doc: '0: the base, 1: the other model.' },
  ],
  kernel,
  fraction(valueOf, baseFirst) {
    const t = valueOf('t');
    return typeof t === 'number' ? (baseFirst ? t : 1 - t) : null;
  },
});
