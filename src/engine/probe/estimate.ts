/** How long a probe will take, from its arithmetic and a moment's measurement. */
import { createProcessor } from '../model/processor/processor.js';
import type { LayerShape } from '../model/graphs/language.js';
import { measureFlops } from '../runtime/measure.js';
import { Pictures, prepare } from './prompts.js';
import type { ProbeSetup } from './setup.js';

/** Samples whose length is looked at. */
const LOOKED_AT = 3;
/** Answers end somewhere between the first token and the limit. */
const ANSWER_SHARE = 0.5;
/** Seconds that one graph costs beside its arithmetic. */
const PER_GRAPH = 1.5e-4;
/** Bytes per second at which layers that do not stay are read. */
const READING = 1e9;
/** Rows that are usually decoded together. */
const ROWS = 96;

/**
 * Seconds on this machine, good to a factor of two or three: how long the answers will be nobody knows. Null when not
 * even a few samples could be prepared; the run will say why.
 */
export async function estimateSeconds({ checkpoints, specs, plans, units, kind, mode, depths, maxNewTokens }: ProbeSetup): Promise<number | null> {
  const { layers, layer, vocabulary } = specs[0]!.language;
  let [tokens, tail, visual] = [0, 0, 0];
  try {
    const processor = await createProcessor(checkpoints[0]!);
    const pictures = new Pictures(processor, undefined);
    const chosen = units.slice(0, LOOKED_AT);
    for (const unit of chosen) {
      const { prompt: { inputIds } } = await prepare(processor, pictures, unit, false, maxNewTokens);
      const last = processor.imageToken === undefined ? -1 : inputIds.lastIndexOf(processor.imageToken);
      tokens += inputIds.length / chosen.length;
      tail += (inputIds.length - 1 - last) / chosen.length;
      visual += inputIds.filter((id) => id === processor.imageToken).length / chosen.length;
    }
  } catch {
    return null;
  }
  const perLayer = 2 * weightsOf(layer);
  const head = 2 * vocabulary * layer.hidden;
  const passes = kind === 'swap' ? 2 : checkpoints.length;
  const branches = kind === 'attention' ? [] : depths;
  const reached = kind === 'swap' ? (mode === 'from' ? tail : tail + visual) : tokens;
  const newTokens = Math.max(1, maxNewTokens * ANSWER_SHARE);
  const rows = passes + branches.length;
  const perUnit = passes * tokens * layers * perLayer
    + branches.reduce((sum, depth) => sum + (layers - depth) * perLayer * reached, 0)
    + rows * newTokens * (layers * perLayer + head);
  const steps = Math.ceil((units.length * rows) / ROWS) * newTokens;
  const streamed = plans[0]!.streamedBytes;
  return (units.length * perUnit) / (await measureFlops(layer.hidden, layer.inner, plans[0]!.threads)) + steps * (2 * layers * PER_GRAPH + streamed / READING);
}

/** Weights of one layer: what a token is multiplied with. */
function weightsOf({ hidden, heads, kvHeads, headDim, inner }: LayerShape): number {
  return hidden * (2 * heads + 2 * kvHeads) * headDim + 3 * hidden * inner;
}
