/** Groups a checkpoint's tensors for merging: before the layers, each numbered layer, and after the layers. */
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { layoutById } from '../families/list.js';
import { isExtra } from '../topology/names.js';
import { indexInStacks, locateTensor } from '../topology/place.js';
import type { Section } from '../topology/topology.js';
import type { Part } from './recipe/schema/words.js';

/** A tensor in a numbered layer, without its number: `stack` and the rest of the name. */
export interface LayerTensor {
  stack: string;
  rest: string;
  tensor: Tensor;
}

export interface SectionTensors {
  /** In order of the layers. */
  layers: LayerTensor[][];
  before: Tensor[];
  /** Final norm and head. */
  after: Tensor[];
}

/** A tied head is the embedding; a checkpoint without a head has it there. */
export const EMBEDDING = /(?:^|\.)(?:embed_tokens|wte|embed_in|tok_embeddings)\.weight$/;
const HEAD = /^(?:lm_head|embed_out|output)\.weight$|\.output\.weight$/;
const FINAL = /(?:^|[._])(?:post|final)|(?:^|\.)(?:norm|ln_f)\.(?:weight|bias)$/;

export function isHead(name: string): boolean {
  return HEAD.test(name);
}

const known = new WeakMap<Checkpoint, Record<Section, SectionTensors>>();

export function sectionsOf(checkpoint: Checkpoint): Record<Section, SectionTensors> {
  const there = known.get(checkpoint);
  if (there !== undefined) return there;
  const make = (): SectionTensors => ({ layers: [], before: [], after: [] });
  const sections: Record<Section, SectionTensors> = {
    language: make(),
    vision: make(),
    projector: make(),
    other: make(),
  };
  const { vision, language } = layoutById(checkpoint.layout);
  for (const [name, tensor] of checkpoint.tensors) {
    // Not run, and numbered where the result may have a layer of its own.
    if (isExtra(name)) continue;
    const { section, layer } = locateTensor(name, checkpoint, [0, 0]);
    const tensors = sections[section];
    if (layer !== null) {
      const stacks = section === 'vision' ? vision.stacks : language.stacks;
      const stack = stacks[indexInStacks(name, stacks)!.stack]!;
      const rest = name.slice(name.indexOf('.', stack.length + 1) + 1);
      (tensors.layers[layer] ??= []).push({ stack, rest, tensor });
    } else if (isHead(name) || (section !== 'projector' && FINAL.test(name))) tensors.after.push(tensor);
    else tensors.before.push(tensor);
  }
  // A hostile checkpoint may skip numbers.
  for (const { layers } of Object.values(sections))
    for (let layer = 0; layer < layers.length; layer++) layers[layer] ??= [];
  known.set(checkpoint, sections);
  return sections;
}

/** Whether a tensor of a layer is in `part`: its attention with the norms inside it, its MLP, or anything. */
export function isInPart({ stack, rest }: LayerTensor, part: Part, checkpoint: Checkpoint): boolean {
  if (part === 'all') return true;
  // What the layer's own module is says it: `self_attn.q_norm` is attention, `post_attention_layernorm` is not.
  const { component } = locateTensor(`${stack}.0.${rest.split('.')[0]}.weight`, checkpoint, [0, 0]);
  return component === part;
}
