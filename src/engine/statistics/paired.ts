/** The interval of a difference between two shares of the same items. */
import { wilson } from './statistics.js';

/**
 * `after − before`, with Newcombe's score interval for paired shares (his method 10): built from the two Wilson
 * intervals and the correlation of the pairs, so that it keeps its width where no item differs.
 */
export function pairedDifference(
  before: readonly boolean[],
  after: readonly boolean[],
  level = 0.95,
): { difference: number; low: number; high: number } {
  const count = before.length;
  if (count === 0) return { difference: 0, low: -1, high: 1 };
  let [both, first, second] = [0, 0, 0];
  before.forEach((hit, index) => {
    if (hit && after[index]!) both++;
    else if (hit) first++;
    else if (after[index]!) second++;
  });
  const neither = count - both - first - second;
  const [a, b] = [both + second, both + first];
  const [one, two] = [
    { fraction: a / count, ...wilson(a, count, level) },
    { fraction: b / count, ...wilson(b, count, level) },
  ];
  const correlation = phi(both, first, second, neither);
  const reach = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * correlation * x * y + y * y));
  const difference = one.fraction - two.fraction;
  return {
    difference,
    low: Math.max(-1, difference - reach(one.fraction - one.low, two.high - two.fraction)),
    high: Math.min(1, difference + reach(one.high - one.fraction, two.fraction - two.low)),
  };
}

/** Correlation of the two flags, shrunk for small counts as Newcombe has it; 0 where a setting is constant. */
function phi(both: number, first: number, second: number, neither: number): number {
  const product = (both + first) * (second + neither) * (both + second) * (first + neither);
  if (product === 0) return 0;
  const determinant = both * neither - first * second;
  const shrunk = determinant > 0 ? Math.max(0, determinant - (both + first + second + neither) / 2) : determinant;
  return shrunk / Math.sqrt(product);
}
