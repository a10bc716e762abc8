/**
 * Cuts: where Early, Mid and Late meet. `cuts = [a, b]` are 0-based language layers: Early = [0, a), Mid = [a, b),
 * Late = [b, L). Every result states its cuts.
 */
import { FrankensteinError } from '../errors.js';
import type { Region } from './topology.js';

/** Thirds, floored, as the paper's code has them: 28 layers → [9, 18], which is 0–8, 9–17, 18–27. */
export function defaultCuts(layers: number): [number, number] {
  return [Math.floor(layers / 3), Math.floor((2 * layers) / 3)];
}

/**
 * The cuts to use: `cuts` when they fit the model, thirds when left out.
 * @throws `bad-request` when they are not two ascending whole numbers inside 0…layers.
 */
export function resolveCuts(cuts: readonly number[] | undefined, layers: number): [number, number] {
  if (cuts === undefined) return defaultCuts(layers);
  const [a, b] = cuts;
  if (cuts.length !== 2 || a === undefined || b === undefined) {
    throw new FrankensteinError(
      'bad-request',
      `Cuts are two layer numbers, such as ${defaultCuts(layers).join(',')}; ${cuts.length} given.`,
    );
  }
  if (!Number.isInteger(a) || !Number.isInteger(b)) {
    throw new FrankensteinError('bad-request', `Cuts are whole layer numbers; ${a},${b} given.`);
  }
  if (a < 0 || b < 0 || a > layers || b > layers) {
    throw new FrankensteinError(
      'bad-request',
      `The cuts ${a},${b} lie outside the model, which has ${layers} language layers (0 to ${layers} allowed).`,
    );
  }
  if (a > b) {
    throw new FrankensteinError(
      'bad-request',
      `The first cut (${a}) is the first layer of Mid and must not exceed the second (${b}), the first layer of Late.`,
    );
  }
  return [a, b];
}

/** `layer` is 0-based. */
export function regionOfLayer(layer: number, cuts: readonly [number, number]): Region {
  return layer < cuts[0] ? 'early' : layer < cuts[1] ? 'mid' : 'late';
}
