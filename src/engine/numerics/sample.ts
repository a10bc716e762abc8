/** Random choices that come out the same for the same seed, on every machine. */
import { groupedBy } from './groupedBy.js';

/** Numbers in [0, 1), by the "sfc32" generator. */
export function seededRandom(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 15; round++) next(); // until the seed has reached every bit
  return next;
}

/** `count` of the items (all, when there are fewer), in their old order. */
export function sampleOf<T>(items: readonly T[], count: number, seed: number): T[] {
  if (count >= items.length) return [...items];
  const random = seededRandom(seed);
  const indices = items.map((_, index) => index);
  for (let at = 0; at < count; at++) {
    const other = at + Math.floor(random() * (indices.length - at));
    [indices[at], indices[other]] = [indices[other]!, indices[at]!];
  }
  return indices
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((index) => items[index]!);
}

/** `count` of each group's items, in their old order: every task is asked equally often. */
export function sampleOfEach<T>(items: readonly T[], group: (item: T) => string, count: number, seed: number): T[] {
  return [...groupedBy(items.keys(), (index) => group(items[index]!)).values()]
    .flatMap((indices) => sampleOf(indices, count, seed))
    .sort((a, b) => a - b)
    .map((index) => items[index]!);
}
