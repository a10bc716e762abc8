/**
 * Order statistics of a tensor that is never in memory as a whole. Magnitudes order like their bits, so counting the
 * leading 16 bits, then the next 16 of what fell together with the wanted one, finds any rank exactly: two passes for
 * float32 keys, four for float64.
 */

/** An element of some rank. */
export interface Ranked {
  value: number;
  /** Keys less than it, and keys equal to it. */
  below: number;
  equal: number;
}

const BUCKETS = 1 << 16;

/** One of the ranks looked for: the leading digits of its key, as far as they are known. */
interface Wanted {
  rank: number;
  /** Digits so far, most significant first. */
  prefix: number[];
  below: number;
  equal: number;
  counts: Float64Array;
}

/** Finds keys by rank (0-based, ascending). Keys are magnitudes, not negative; NaN counts as larger than all. */
export class RankSearch {
  private level = 0;
  private readonly wanted: Wanted[];

  /** @param bits of the keys: all are given as arrays of that precision. */
  constructor(
    ranks: readonly number[],
    private readonly bits: 32 | 64,
  ) {
    this.wanted = ranks.map((rank) => ({ rank, prefix: [], below: 0, equal: 0, counts: new Float64Array(BUCKETS) }));
  }

  /** Every key must have been given once per pass, until this. */
  get done(): boolean {
    return this.level === this.bits / 16;
  }

  /** @param keys Float32Array for 32 bits, Float64Array for 64. */
  add(keys: Float32Array | Float64Array): void {
    const words = new Uint32Array(keys.buffer, keys.byteOffset, keys.byteLength / 4);
    for (const one of this.distinct()) {
      if (this.bits === 32) this.count(one, words, 1, 0, this.level);
      // Little-endian: the upper word is the second.
      else if (this.level < 2) this.count(one, words, 2, 1, this.level);
      else this.countLow(one, words);
    }
  }

  /** Counts a digit of one word per key, where the word's digits before it are those of the prefix. */
  private count({ prefix, counts }: Wanted, words: Uint32Array, stride: number, from: number, level: number): void {
    if (level === 0) for (let index = from; index < words.length; index += stride) counts[words[index]! >>> 16]!++;
    else {
      const [upper] = prefix;
      for (let index = from; index < words.length; index += stride) {
        const word = words[index]!;
        if (word >>> 16 === upper) counts[word & 0xffff]!++;
      }
    }
  }

  /** The lower word of a float64 key whose upper word is known. */
  private countLow({ prefix, counts }: Wanted, words: Uint32Array): void {
    const upper = ((prefix[0]! << 16) | prefix[1]!) >>> 0;
    const last = this.level === 3;
    for (let index = 1; index < words.length; index += 2) {
      if (words[index] !== upper) continue;
      const word = words[index - 1]!;
      if (!last) counts[word >>> 16]!++;
      else if (word >>> 16 === prefix[2]) counts[word & 0xffff]!++;
    }
  }

  /** Ends a pass. */
  next(): void {
    const counted = new Map(this.distinct().map((one) => [one.prefix.join(), one.counts]));
    for (const one of this.wanted) {
      const counts = counted.get(one.prefix.join())!;
      let bucket = 0;
      while (bucket < BUCKETS - 1 && one.below + counts[bucket]! <= one.rank) one.below += counts[bucket++]!;
      one.prefix.push(bucket);
      one.equal = counts[bucket]!;
    }
    for (const counts of counted.values()) counts.fill(0);
    this.level++;
  }

  /** In the order of the ranks asked for. */
  results(): Ranked[] {
    return this.wanted.map(({ prefix, below, equal }) => ({ value: this.valueOf(prefix), below, equal }));
  }

  /** Ranks whose keys begin alike share their counts: the first of each kind. */
  private distinct(): Wanted[] {
    const kinds = new Map<string, Wanted>();
    for (const one of this.wanted) if (!kinds.has(one.prefix.join())) kinds.set(one.prefix.join(), one);
    return [...kinds.values()];
  }

  private valueOf(prefix: readonly number[]): number {
    const words = Uint32Array.from(
      { length: prefix.length / 2 },
      (_, word) => ((prefix[2 * word]! << 16) | prefix[2 * word + 1]!) >>> 0,
    );
    return this.bits === 32 ? new Float32Array(words.buffer)[0]! : new Float64Array(words.reverse().buffer)[0]!;
  }
}

/** Elements between two counts of ties; blocks begin at multiples of it. */
export const TIE_STRIDE = 1 << 14;

/**
 * Which of the keys that equal a bound are in, by their place among those in the order of the tensor: `to` is
 * exclusive.
 */
interface Bound {
  value: number;
  from: number;
  to: number;
  /** How many of them lie before each stretch of `TIE_STRIDE`, so that any stretch can be decided alone. */
  before: Float64Array;
}

/** A set of elements by rank: keys between the bounds are in, those at the bounds in part. */
export interface RankWindow {
  low: Bound;
  high: Bound;
}

/**
 * Ranks `low` to `end` (exclusive), ascending, the first of equal keys having the lower rank. Ties are to be counted.
 */
export function windowOf(
  low: number,
  end: number,
  [lowest, highest]: readonly [Ranked, Ranked],
  size: number,
): RankWindow {
  const together = lowest.value === highest.value;
  return {
    low: boundOf(lowest.value, low - lowest.below, together ? end - highest.below : lowest.equal, size),
    high: boundOf(highest.value, 0, end - highest.below, size),
  };
}

/**
 * The `count` largest keys; of equal ones, those that come first. `last` is the smallest of them. Ties are to be
 * counted.
 */
export function topOf(count: number, last: Ranked, size: number): RankWindow {
  return {
    low: boundOf(last.value, 0, count - (size - last.below - last.equal), size),
    high: boundOf(Infinity, 0, Infinity, size),
  };
}

function boundOf(value: number, from: number, to: number, size: number): Bound {
  return { value, from, to, before: new Float64Array(Math.ceil(size / TIE_STRIDE) + 1) };
}

/** Counts the ties of a block; blocks come in order and begin at multiples of `TIE_STRIDE`. */
export function countTies({ low, high }: RankWindow, keys: ArrayLike<number>, first: number): void {
  for (let at = 0; at < keys.length; at += TIE_STRIDE) {
    let [lows, highs] = [0, 0];
    for (let index = at; index < Math.min(keys.length, at + TIE_STRIDE); index++) {
      if (keys[index] === low.value) lows++;
      else if (keys[index] === high.value) highs++;
    }
    const stretch = (first + at) / TIE_STRIDE;
    low.before[stretch + 1] = low.before[stretch]! + lows;
    high.before[stretch + 1] = high.before[stretch]! + highs;
  }
}

/** Calls `keep` for the elements of a block that are in the window, by their index in the block. */
export function selectWindow(
  { low, high }: RankWindow,
  keys: ArrayLike<number>,
  first: number,
  keep: (index: number) => void,
): void {
  let lows = low.before[first / TIE_STRIDE]!;
  let highs = high.before[first / TIE_STRIDE]!;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    let inside = key > low.value && key < high.value;
    if (key === low.value) {
      inside = lows >= low.from && lows < low.to;
      lows++;
    } else if (key === high.value) {
      inside = highs >= high.from && highs < high.to;
      highs++;
    }
    if (inside) keep(index);
  }
}

/**
 * Indices of `values` by ascending magnitude, equal ones in their order. Compared as float32: three passes of 11 bits.
 */
export function argsort(values: Float64Array): Uint32Array {
  const keys = new Uint32Array(magnitudes(values).buffer);
  let order = new Uint32Array(values.length);
  for (let index = 0; index < order.length; index++) order[index] = index;
  let other = new Uint32Array(values.length);
  const counts = new Uint32Array(2049);
  for (let shift = 0; shift < 32; shift += 11) {
    counts.fill(0);
    for (const key of keys) counts[((key >>> shift) & 2047) + 1]!++;
    for (let digit = 1; digit <= 2048; digit++) counts[digit]! += counts[digit - 1]!;
    for (const index of order) other[counts[(keys[index]! >>> shift) & 2047]!++] = index;
    [order, other] = [other, order];
  }
  return order;
}

/** Magnitudes in float32, as they are compared. */
export function magnitudes(values: Float64Array): Float32Array {
  const result = new Float32Array(values.length);
  for (let index = 0; index < result.length; index++) result[index] = Math.abs(values[index]!);
  return result;
}
