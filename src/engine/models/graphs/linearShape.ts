/** Sizes of layers that carry a recurrent state in place of attention (gated DeltaNet). */
export interface LinearShape {
  /** Tokens that the convolution sees, the own one included. */
  kernel: number;
  /** Queries and keys: heads, and their size. Each serves as many value heads. */
  keyHeads: number;
  keyDim: number;
  valueHeads: number;
  valueDim: number;
}

/** Sizes that follow from a shape. */
export function linearSizes({ kernel, keyHeads, keyDim, valueHeads, valueDim }: LinearShape) {
  const [keys, values] = [keyHeads * keyDim, valueHeads * valueDim];
  const channels = 2 * keys + values;
  return {
    keys,
    values,
    /** What the convolution runs over: queries, keys, values. */
    channels,
    /** Rows of all input projections together: channels, gate, correction, decay. */
    projected: channels + values + 2 * valueHeads,
    /** Numbers of a row's state: the convolution's last inputs, and a matrix per value head. */
    convolution: (kernel - 1) * channels,
    recurrence: valueHeads * keyDim * valueDim,
  };
}
