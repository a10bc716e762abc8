/** Normal noise on weights. */
import { normals } from './random.js';
import { type Kernel, numberOf } from './task.js';

/** Standard deviation. */
type State = number;

/** Parameters: `sigma`, and `relative`: sigma counts in the tensor's root mean square. */
export const noise: Kernel<State> = {
  async prepare({ shared, size }, passes) {
    const sigma = numberOf(shared, 'sigma');
    if (shared['relative'] !== true) return sigma;
    let squares = 0;
    await passes(([values]) => {
      let sum = 0;
      for (const value of values!) sum += value * value;
      squares += sum;
    });
    return sigma * Math.sqrt(squares / Math.max(1, size));
  },
  merge({ stream }, sigma, [values], first) {
    const normal = normals(stream);
    return values!.map((value, index) => value + sigma * normal(first + index));
  },
};
