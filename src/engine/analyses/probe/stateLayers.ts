/** Layers that carry a recurrent state in place of attention, in words: for panel, terminal and exports. */

/** `0–2, 4–6, 8`: ascending numbers, stretches of them joined. */
export function stretches(layers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const layer of layers) {
    const last = found.at(-1);
    if (last?.[1] === layer - 1) last[1] = layer;
    else found.push([layer, layer]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(', ');
}

/** Why a figure of attention has gaps. */
export function withoutAttention(layers: readonly number[]): string {
  const [those, have] =
    layers.length === 1
      ? ['Layer', 'carries a recurrent state and has']
      : ['Layers', 'carry a recurrent state and have'];
  return `${those} ${stretches(layers)} ${have} no attention weights: nothing is measured there.`;
}
