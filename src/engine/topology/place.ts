/**
 * Places a tensor by its canonical name: section, layer, unified depth, component, region. What a family looks like
 * is in `families/`; what its segments mean (`o_proj`, `ln_q`, …) is common to all and here.
 */
import type { TensorLocation } from './tensorPlace.js';
import { regionOfLayer } from './cuts.js';
import { HEADS, layoutById } from '../families/list.js';
import type { Layout } from '../families/family.js';
import type { Component } from './topology.js';

/** What placing needs to know of a model. A `Checkpoint` is one. */
export interface ModelShape {
  /** Id of the entry in `families/`. */
  layout: string;
  /** Language layers. */
  layers: number;
  /** Vision blocks over all stacks. */
  visionLayers: number;
  /** Blocks per vision stack, in the order of the family's table entry; sums to `visionLayers`. */
  visionStacks: readonly number[];
}

/**
 * Larger indices are not layers: the deepest published models have fewer than 200, and a hostile
 * `layers.999999999` must not size a chart or an array.
 */
export const LAYER_INDEX_LIMIT = 9_999;

/** The place of the tensor called `name` (canonical) in `model`; `cuts` as in `cuts.ts`. */
export function locateTensor(name: string, model: ModelShape, cuts: readonly [number, number]): TensorLocation {
  const family = layoutById(model.layout);
  const component = componentOf(name, family);
  const outside = { layer: null, depth: null, region: null };
  // Before vision: mergers live inside the vision tower.
  if (isUnder(name, family.projector)) return { name, section: 'projector', ...outside, depth: 0, component };
  if (isUnder(name, family.vision.roots)) {
    const found = indexInStacks(name, family.vision.stacks);
    if (found === null) return { name, section: 'vision', ...outside, component };
    let layer = found.index;
    for (let stack = 0; stack < found.stack; stack++) layer += model.visionStacks[stack] ?? 0;
    return { name, section: 'vision', layer, depth: layer - model.visionLayers, component, region: null };
  }
  const found = indexInStacks(name, family.language.stacks);
  if (found !== null) {
    const layer = found.index;
    return { name, section: 'language', layer, depth: layer + 1, component, region: regionOfLayer(layer, cuts) };
  }
  const section = isUnder(name, family.language.roots) || isUnder(name, HEADS) ? 'language' : 'other';
  return { name, section, ...outside, component };
}

/** The 0-based index after the first fitting stack; null outside numbered layers. */
export function indexInStacks(name: string, stacks: readonly string[]): { stack: number; index: number } | null {
  for (const [stack, path] of stacks.entries()) {
    if (!name.startsWith(path) || name.charCodeAt(path.length) !== DOT) continue;
    const digits = /^\d{1,4}(?=\.)/.exec(name.slice(path.length + 1, path.length + 6));
    if (digits !== null) return { stack, index: Number(digits[0]) };
  }
  return null;
}

const DOT = 46;

/** Whether `name` is one of `paths` or lies below one. */
export function isUnder(name: string, paths: readonly string[]): boolean {
  return paths.some(
    (path) => name.startsWith(path) && (name.length === path.length || name.charCodeAt(path.length) === DOT),
  );
}

/**
 * In this order: a norm inside attention (`q_norm`, `post_attention_layernorm`) is a norm, `cross_attn_mlp_gate` an
 * MLP's gate. Embedding covers both ends of the vocabulary, since a tied head is the same matrix.
 */
const COMMON_COMPONENTS: readonly (readonly [Component, RegExp])[] = [
  ['norm', /norm|^ln_|^ln\d*$/],
  [
    'embedding',
    /embed|^wte$|^wpe$|^pos_emb|position|^(?:cls|class|register|mask)_tokens?$|^patch_conv$|^lm_head$|^image_newline$/,
  ],
  ['mlp', /mlp|feed_?forward|^ffn|experts?$|moe|^fc\d|^linear(?:_fc)?_?\d$|^(?:gate|up|down|gate_up)_proj$|^router$/],
  // The last two: Kimi's vision blocks have no segment that says attention.
  ['attention', /attn|attention|^w?qkv$|^wo$/],
];

function componentOf(name: string, family: Layout): Component {
  for (const [pattern, component] of family.components ?? []) if (pattern.test(name)) return component;
  if (isUnder(name, HEADS)) return 'embedding';
  let first = COMMON_COMPONENTS.length;
  for (const segment of name.split('.')) first = Math.min(first, rankOf(segment));
  return COMMON_COMPONENTS[first]?.[0] ?? 'other';
}

/** 100,000 tensors have a few hundred segments. Hostile names have more, and then none is added. */
const ranks = new Map<string, number>();
const MOST_RANKS = 10_000;

/** Index of the first component that the segment is a sign of; as many as there are where it is of none. */
function rankOf(segment: string): number {
  const known = ranks.get(segment);
  if (known !== undefined) return known;
  const found = COMMON_COMPONENTS.findIndex(([, pattern]) => pattern.test(segment));
  const rank = found < 0 ? COMMON_COMPONENTS.length : found;
  if (ranks.size < MOST_RANKS) ranks.set(segment, rank);
  return rank;
}
