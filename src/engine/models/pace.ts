/**
 * How fast this machine runs a model: its first layer, measured with its own weights. Where layers mix tokens in
 * different ways, the MLP and the projections are most of the work of either.
 */
import type { StageRequest } from '../checkpoint/stage.js';
import { openStage } from '../merge/checkpoint.js';
import { layerBytes } from './pages.js';
import { Model } from './model.js';
import { planMemory } from './plan.js';
import { readSpec } from './spec.js';

export interface PaceJob extends Pick<StageRequest, 'path' | 'recipe'> {
  memory: number | undefined;
  threads: number | undefined;
}

export interface Throughput {
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
export async function measureThroughput(
  { path, recipe, memory, threads }: PaceJob,
  send: (throughput: Throughput) => void,
  signal: AbortSignal,
): Promise<void> {
  const checkpoint = await openStage({ path, recipe }, { signal });
  const spec = readSpec(checkpoint);
  const plan = planMemory(checkpoint, spec, memory, threads);
  const { language } = spec;
  const one = {
    ...spec,
    vision: undefined,
    language: {
      ...language,
      layers: 1,
      vocabulary: Math.min(FEW_WORDS, language.vocabulary),
      windows: language.windows.slice(0, 1),
      mixers: language.mixers.slice(0, 1),
      mlps: language.mlps.slice(0, 1),
    },
  };
  /** Seconds of so many tokens through one layer, of which each round reads it again or only the first. */
  const timed = async <T>(
    residentLayers: number,
    work: (run: (tokens: number) => Promise<number>) => Promise<T>,
  ): Promise<T> => {
    const model = new Model(checkpoint, one, { ...plan, residentLayers, headBlockRows: FEW_WORDS }, {});
    try {
      return await work(async (tokens) => {
        const begin = performance.now();
        let end = begin;
        await model.prefill([{ inputIds: new Int32Array(tokens), images: [] }], {
          signal,
          onLayer: () => (end = performance.now()),
        });
        return (end - begin) / 1000;
      });
    } finally {
      await model.close();
    }
  };
  const { layer, first } = await timed(1, async (run) => {
    const start = performance.now();
    const beginning = await run(1);
    const found: Throughput['layer'] = [];
    for (const tokens of TOKENS) {
      const [last, before] = [found.at(-1), found.at(-2)];
      const expected =
        last === undefined
          ? 0
          : last[1] + (before === undefined ? 0 : ((last[1] - before[1]) / (last[0] - before[0])) * (tokens - last[0]));
      if ((performance.now() - start) / 1000 + ROUNDS * expected > LIMIT && found.length > 1) break;
      let best = Infinity;
      for (let round = 0; round < ROUNDS; round++) best = Math.min(best, await run(tokens));
      found.push([tokens, best]);
    }
    return { layer: found, first: beginning };
  });
  // Weights that stay are read once, into new memory; those that do not, into the same two buffers over and over.
  const again =
    plan.streamedBytes === 0
      ? first
      : await timed(0, async (run) => {
          const rounds: number[] = [];
          while (rounds.length < 2 + ROUNDS) rounds.push(await run(1));
          return Math.min(...rounds.slice(2));
        });
  send({ layer, reading: layerBytes(language, plan.format, 0) / Math.max(again - layer[0]![1], 1e-4) });
}

/** Seconds of a layer with so many tokens at once, between and beyond what was measured. */
export function layerSeconds({ layer }: Throughput, tokens: number): number {
  const after = Math.max(
    1,
    layer.findIndex(([count]) => count >= tokens),
  );
  const at = layer.some(([count]) => count >= tokens) ? after : layer.length - 1;
  const [[a, first], [b, second]] = [layer[at - 1]!, layer[at]!];
  return first + ((second - first) / (b - a)) * (tokens - a);
}
