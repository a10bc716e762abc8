/** What a run holds between passes. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { KvCache } from './cache.js';

/** A batch in the middle of generation. Prompts are padded on the left, so that all rows write to the same slot. */
export interface GenerationState {
  cache: KvCache;
  /** Slots in use. */
  used: number;
  /** First slot of each row's prompt. */
  starts: Int32Array;
  /** Rotary position of each row's next token. */
  next: Int32Array;
  /** Those that hold while decoding. */
  interventions: readonly Intervention[];
}

/** One prompt of a batch, as prefill laid it out. */
export interface PromptLayout {
  /** Tokens. */
  length: number;
  /** Indices of the visual tokens within the prompt. */
  visual: Int32Array;
  /** [3, length]: rotary positions. */
  positions: Int32Array;
  /** Rotary position of the token after the prompt. */
  next: number;
  /** Per language layer that a family adds image features to: [visual tokens, hidden]. */
  deepstack: readonly Float32Array[];
}

/** A batch after prefill. Its cache keeps the prompts' slots as they are for as long as this object lives. */
export interface Prefilled {
  state: GenerationState;
  prompts: readonly PromptLayout[];
  /** Slots of the batch: the longest prompt. */
  slots: number;
  /** [rows, vocabulary], of each row's last token. */
  logits: Float32Array;
  /**
   * By layer: hidden states at its input, [rows, slots, hidden]; the key `layers` is the last layer's output. Padding
   * holds anything.
   */
  hidden: ReadonlyMap<number, Float32Array>;
  /** By layer that has experts: those that each token goes through, best first, [rows, slots, chosen]. */
  experts: ReadonlyMap<number, Int32Array>;
  /** By layer that has attention: its probabilities, [rows, heads, slots, slots]; rows of padding hold anything. */
  attention: ReadonlyMap<number, Float32Array>;
}

/** What a pass should keep besides logits. */
export interface Capture {
  /** Layers whose input is kept; the number of layers stands for the last one's output. */
  hidden?: readonly number[] | undefined;
  /** Layers whose attention probabilities are kept. */
  attention?: readonly number[] | undefined;
  /** Layers whose chosen experts are kept. */
  experts?: readonly number[] | undefined;
}

export type What =
  /**
   * The visual tokens take over the states of another prompt's visual tokens, of which there must be as many.
   * `hidden`: hidden states at the layer's input (and what a family adds to them in later layers). `from`: keys and
   * values in this layer and all after it, which gives the same result unless text stands between several images (in
   * `hidden`, the later image goes on looking at that text). `only`: keys and values in this layer alone.
   * A model with layers that carry a state has no keys and values in them: there, in all its layers, `from` and `only`
   * mean what the mixer (attention or recurrence) is given. Later tokens read the same in either; the visual tokens
   * themselves also look with the source's queries.
   */
  | { kind: 'swap'; mode: 'hidden' | 'from' | 'only'; source: { prefilled: Prefilled; row: number } }
  /** The layer, or its attention or MLP alone, adds nothing. */
  | { kind: 'skip'; part: 'layer' | 'attention' | 'mlp' }
  /**
   * Experts of the layer add nothing: these, or all that the router chooses. The router goes on choosing them, so the
   * others keep their scores; the expert that every token has stays.
   */
  | { kind: 'skip'; part: 'experts'; experts?: readonly number[] | undefined }
  /** The layer's weights come from another checkpoint of the same shape. Concerns all rows. */
  | { kind: 'stitch'; checkpoint: Checkpoint }
  /**
   * Adds normal noise to the hidden states at the layer's input: `scale` times the root mean square of each token's
   * own state. The numbers depend on seed, layer and place in the prompt, not on the batch.
   */
  | { kind: 'noise'; tokens: 'visual' | 'all'; scale: number; seed: number };

export interface Intervention {
  /** Layer, 0-based. */
  at: number;
  what: What;
  /** Rows of the batch; all when left out. */
  rows?: readonly number[] | undefined;
}
