/**
 * NumPy's legacy generator (`numpy.random.RandomState`: the Mersenne Twister MT19937), as far as draws of published
 * scripts need it: the same seed gives the same rows.
 */

/** Words of the state, and how far the twist looks ahead. */
const [N, M] = [624, 397];
/** Largest seed. */
export const MOST_SEED = 0xffffffff;

/** 32-bit numbers of the generator. @param seed a whole number from 0 to `MOST_SEED` */
function mt19937(seed: number): () => number {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let index = 1; index < N; index++) {
    const before = state[index - 1]! ^ (state[index - 1]! >>> 30);
    state[index] = Math.imul(before, 1812433253) + index;
  }
  let at = N;
  return () => {
    if (at === N) {
      twist(state);
      at = 0;
    }
    let word = state[at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let index = 0; index < N; index++) {
    const joined = (state[index]! & 0x80000000) | (state[(index + 1) % N]! & 0x7fffffff);
    state[index] = state[(index + M) % N]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
  }
}

/**
 * `sorted(numpy.random.RandomState(seed).choice(n, count, replace=False))`; all of 0 … n − 1 where `count` is no less
 * than n.
 * @param seed a whole number from 0 to `MOST_SEED`
 */
export function numpyChoice(n: number, count: number, seed: number): number[] {
  const order = Array.from({ length: n }, (_, index) => index);
  if (count >= n) return order;
  const next = mt19937(seed);
  for (let last = n - 1; last > 0; last--) {
    const other = below(next, last);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order.slice(0, count).sort((a, b) => a - b);
}

/** A number from 0 to `most`, included: bits that are enough for it, drawn again until they are not too large. */
function below(next: () => number, most: number): number {
  const mask = most === 0 ? 0 : 0xffffffff >>> Math.clz32(most);
  let value: number;
  do value = (next() & mask) >>> 0;
  while (value > most);
  return value;
}
