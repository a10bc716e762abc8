/** Normal noise on weights, or in place of a part of them. */
import { normals } from './random.js';
import { type Kernel, type Passes, numberOf } from './task.js';

/** `weight`: what remains of the values. `sigma`: standard deviation of the noise. */
interface State {
  weight: number;
  sigma: number;
}

/**
 * Parameters: `sigma`; `relative`: it counts in the tensor's root mean square; `mix`: it is the part of the tensor
 * that is noise of its own standard deviation, (1 − sigma)·W + sigma·std(W)·N(0, 1).
 */
export const noise: Kernel<State> = {
  async prepare({ shared, size }, passes) {
    const sigma = numberOf(shared, 'sigma');
    if (shared['mix'] === true) return { weight: 1 - sigma, sigma: sigma * (await deviationOf(size, passes)) };
    if (shared['relative'] !== true) return { weight: 1, sigma };
    return { weight: 1, sigma: sigma * Math.sqrt((await squaresAround(0, passes)) / Math.max(1, size)) };
  },
  merge({ stream }, { weight, sigma }, [values], first) {
    const normal = normals(stream);
    return values!.map((value, index) => weight * value + sigma * normal(first + index));
  },
};

/** As `torch.std`, with n − 1; 0 of one value. */
async function deviationOf(size: number, passes: Passes): Promise<number> {
  if (size < 2) return 0;
  let sum = 0;
  await passes(([values]) => {
    for (const value of values!) sum += value;
  });
  return Math.sqrt((await squaresAround(sum / size, passes)) / (size - 1));
}

async function squaresAround(mean: number, passes: Passes): Promise<number> {
  let squares = 0;
  await passes(([values]) => {
    let sum = 0;
    for (const value of values!) sum += (value - mean) * (value - mean);
    squares += sum;
  });
  return squares;
}
