/** What one pass through the language layers is given. */
import type { KvCache } from './cache.js';
import type { LayerPlan } from './interventions.js';
import type { Capture, PromptLayout } from './state.js';

export interface Pass {
  cache: KvCache;
  /** Slot of the first token of this pass, and how many tokens every row has in it. */
  slot: number;
  tokens: number;
  /** First valid slot per row. */
  starts: Int32Array;
  /** [rows, tokens, hidden]: each row's states at the layer it starts from. Not changed. */
  hidden: Float32Array;
  /** [rows, tokens, pairs of a head that are rotated]. */
  cos: Float32Array;
  sin: Float32Array;
  /** The same for layers with a window, where their rotation is another. */
  sliding?: { cos: Float32Array; sin: Float32Array } | undefined;
  /** Layer each row starts from, never falling from row to row; what layers below carry is in the cache. */
  from?: Int32Array | undefined;
  plans: readonly LayerPlan[];
  /** While the prompt is processed: where its visual tokens are. */
  prompts?: readonly PromptLayout[] | undefined;
  capture?: Capture | undefined;
  signal?: AbortSignal | undefined;
  /** Called after each layer. */
  onLayer?: ((layer: number) => void) | undefined;
}
