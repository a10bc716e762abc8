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
}

/** `[rows or 1, 1, tokens, capacity]`: one row serves all when none is padded. */
export function attentionMask({ starts, firstRow, rows, slot, tokens, capacity, window }: MaskRequest): {
  values: Float32Array;
  rows: number;
} {
  const begins = starts.subarray(firstRow, firstRow + rows);
  const made = begins.every((start) => start === begins[0]) ? 1 : rows;
  const values = new Float32Array(made * tokens * capacity).fill(HIDDEN);
  for (let row = 0; row < made; row++) {
    for (let token = 0; token < tokens; token++) {
      const own = slot + token;
      const first = Math.max(begins[row]!, window === null ? 0 : own - window + 1);
      const base = (row * tokens + token) * capacity;
      if (first <= own) values.fill(0, base + first, base + own + 1);
    }
  }
  return { values, rows: made };
}
