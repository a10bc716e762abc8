/** From logits to the next token. */

export interface Sampling {
  /** 0 or undefined: greedy. */
  temperature?: number | undefined;
  topK?: number | undefined;
  topP?: number | undefined;
  /** Of the random numbers; a row's numbers depend on the seed and the row's own number, not on the batch. */
  seed?: number | undefined;
}

/** Index of the largest logit, the first of equals, as torch's argmax gives on the CPU. */
export function greedy(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}

/** The largest `count` logits with their ids, largest first; of equals the lower id first. */
export function topLogits(logits: Float32Array, count: number): [id: number, logit: number][] {
  if (count <= 0) return [];
  if (count > 256) {
    const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
    return order.slice(0, count).map((id) => [id, logits[id]!]);
  }
  // A vocabulary has 150,000 entries and almost none gets past the last of a few.
  const best: [number, number][] = [];
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (best.length === count && logit <= best[count - 1]![1]) continue;
    let at = best.length;
    while (at > 0 && best[at - 1]![1] < logit) at--;
    best.splice(at, 0, [id, logit]);
    if (best.length > count) best.pop();
  }
  return best;
}

/** Random numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A token drawn as transformers' warpers would have it: temperature, then the `topK` largest, then the `topP` fraction
 * of what is left.
 */
export function sample(logits: Float32Array, { temperature, topK, topP }: Sampling, random: () => number): number {
  if (temperature === undefined || temperature === 0) return greedy(logits);
  const count = topK === undefined || topK <= 0 ? logits.length : Math.min(topK, logits.length);
  const top = topLogits(logits, count);
  const largest = top[0]![1];
  const weights = top.map(([, logit]) => Math.exp((logit - largest) / temperature));
  let total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = top.length;
  if (topP !== undefined && topP < 1) {
    let sum = 0;
    for (kept = 0; kept < weights.length && (kept === 0 || sum < topP * total); kept++) sum += weights[kept]!;
    total = sum;
  }
  // In the order of ids: tokens that are as likely as each other but for rounding must not change places.
  const order = Array.from({ length: kept }, (_, index) => index).sort((a, b) => top[a]![0] - top[b]![0]);
  let left = random() * total;
  for (const index of order) {
    left -= weights[index]!;
    if (left < 0) return top[index]![0];
  }
  return top[order.at(-1)!]![0];
}
