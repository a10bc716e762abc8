/** The additive attention mask: 0 where a token looks, a very negative number where it does not. */

/** As transformers has it: the lowest fp32. Infinity would make rows of padding NaN. */
const HIDDEN = -3.4028234663852886e38;

export interface MaskRequest {
  /** First valid slot per row. */
  starts: Int32Array;
  /** Rows `firstRow` … `firstRow + rows`. */
  firstRow: number;
  rows: number;
  /** Slot of the first token, and how many tokens. */
  slot: number;
  tokens: number;
  /** Slots of the cache, used or not. */
  capacity: number;
  /** How many slots back a token sees, itself included; null: all. */
  window: number | null;
  /** By row of the batch and slot: the slot after the last of the same image; 0 elsewhere. Left out: nothing is seen ahead. */
  ends?: readonly Int32Array[] | undefined;
}

/** `[rows or 1, 1, tokens, capacity]`: one row serves all when none is padded. */
export function attentionMask({ starts, firstRow, rows, slot, tokens, capacity, window, ends }: MaskRequest): {
  values: Float32Array;
  rows: number;
} {
  const begins = starts.subarray(firstRow, firstRow + rows);
  const made = ends === undefined && begins.every((start) => start === begins[0]) ? 1 : rows;
  const values = new Float32Array(made * tokens * capacity).fill(HIDDEN);
  for (let row = 0; row < made; row++) {
    for (let token = 0; token < tokens; token++) {
      const own = slot + token;
      const first = Math.max(begins[row]!, window === null ? 0 : own - window + 1);
      const base = (row * tokens + token) * capacity;
      const end = Math.max(own + 1, ends?.[firstRow + row]![own] ?? 0);
      if (first <= own) values.fill(0, base + first, base + end);
    }
  }
  return { values, rows: made };
}

/** For `MaskRequest.ends`: where each stretch of visual tokens ends. @param start slot of the prompt's first token */
export function imageEnds(visual: Int32Array, start: number, capacity: number): Int32Array {
  const ends = new Int32Array(capacity);
  for (let last = visual.length - 1; last >= 0; last--) {
    const slot = start + visual[last]!;
    const continues = visual[last + 1] === visual[last]! + 1;
    ends[slot] = continues ? ends[slot + 1]! : slot + 1;
  }
  return ends;
}
