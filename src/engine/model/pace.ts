/** How fast this machine runs a model: one of its layers, measured with its own weights. */
import type { StageRequest } from '../api.js';
import { openStage } from '../checkpoint/open.js';
import { layerBytes } from './pages.js';
import { Model } from './model.js';
import { planMemory } from './plan.js';
import { readSpec } from './spec.js';

export interface PaceJob extends Pick<StageRequest, 'path' | 'recipe'> {
  memory: number | undefined;
  threads: number | undefined;
}

export interface Pace {
  /** Seconds that a language layer takes with so many tokens at once; ascending. */
  layer: [tokens: number, seconds: number][];
  /** Bytes per second at which weights come from disk. */
  reading: number;
}

/** Tokens at once: what decoding one row, a batch, and a prompt have. */
const TOKENS = [1, 16, 64, 256];
/** Seconds for all of it, about; larger sizes are left out when they would take longer. */
const LIMIT = 1.5;
/** Rows of the head that are looked at: it is not what is measured. */
const FEW_WORDS = 64;
/** The better of so many. */
const ROUNDS = 2;

/** @param send is told the pace. @throws what opening the model throws; `cancelled`. */
export async function measurePace({ path, recipe, memory, threads }: PaceJob, send: (pace: Pace) => void, signal: AbortSignal): Promise<void> {
  const checkpoint = await openStage({ path, recipe }, { signal });
  const spec = readSpec(checkpoint);
  const plan = planMemory(checkpoint, spec, memory, threads);
  const { language } = spec;
  const one = { ...spec, vision: undefined, language: { ...language, layers: 1, vocabulary: Math.min(FEW_WORDS, language.vocabulary), windows: language.windows.slice(0, 1) } };
  const model = new Model(checkpoint, one, { ...plan, keptLayers: 1, headBlockRows: FEW_WORDS }, {});
  try {
    const run = async (tokens: number): Promise<number> => {
      const begin = performance.now();
      let end = begin;
      await model.prefill([{ inputIds: new Int32Array(tokens), images: [] }], { signal, onLayer: () => (end = performance.now()) });
      return (end - begin) / 1000;
    };
    const start = performance.now();
    const first = await run(1);
    const layer: Pace['layer'] = [];
    for (const tokens of TOKENS) {
      const [last, before] = [layer.at(-1), layer.at(-2)];
      const expected = last === undefined ? 0 : last[1] + (before === undefined ? 0 : ((last[1] - before[1]) / (last[0] - before[0])) * (tokens - last[0]));
      if ((performance.now() - start) / 1000 + ROUNDS * expected > LIMIT && layer.length > 1) break;
      let best = Infinity;
      for (let round = 0; round < ROUNDS; round++) best = Math.min(best, await run(tokens));
      layer.push([tokens, best]);
    }
    send({ layer, reading: layerBytes(language, plan.format) / Math.max(first - layer[0]![1], 1e-4) });
  } finally {
    await model.close();
  }
}

/** Seconds of a layer with so many tokens at once, between and beyond what was measured. */
export function layerSeconds({ layer }: Pace, tokens: number): number {
  const after = Math.max(1, layer.findIndex(([count]) => count >= tokens));
  const at = layer.some(([count]) => count >= tokens) ? after : layer.length - 1;
  const [[a, first], [b, second]] = [layer[at - 1]!, layer[at]!];
  return first + ((second - first) / (b - a)) * (tokens - a);
}
