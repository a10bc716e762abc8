/** Numbers from integer hashes, so that none is stored: `hashed.py` makes the same, to the last bit. */

/** The finaliser of MurmurHash3 over index · golden ratio + seed, modulo 2^32. */
export function mix(seed: number, index: number): number {
  let h = (Math.imul(index, 0x9e3779b9) + seed) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Four uniform 16-bit numbers added: bell-shaped, standard deviation 1.155, exact in float64. */
export function bell(seed: number, index: number): number {
  const first = mix(seed, index);
  const second = mix(seed ^ 0x5bd1e995, index);
  return ((first & 0xffff) + (first >>> 16) + (second & 0xffff) + (second >>> 16) - 131_070) / 32_768;
}
