/** Names of tensors in tables. No DOM. */

/** `model.language_model.layers.` and `3.self_attn.q_proj.weight`: the part that tells rows apart never shrinks. */
export function splitName(tensor: { name: string; layer: number | null }): [string, string] {
  const parts = tensor.name.split('.');
  const layer = tensor.layer === null ? -1 : parts.indexOf(String(tensor.layer));
  const at = layer === -1 ? Math.max(0, parts.length - 3) : layer;
  return at === 0 ? ['', tensor.name] : [`${parts.slice(0, at).join('.')}.`, parts.slice(at).join('.')];
}
