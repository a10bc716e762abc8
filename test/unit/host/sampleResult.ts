/** A small result with every part that the inline figures read. Hostile names where a name may come from a file. */
import type {
  Aggregate,
  CompareResult,
  Delta,
  DeltaAggregate,
  LayerResult,
  TensorResult,
} from '../../../src/protocol/engineApi.js';

export const HOSTILE = 'x](command:workbench.action.quit) <img src=x onerror=alert(1)> | $(bug) `a` **b**\n# h';

export function delta(relative: number, floor = 0.5): Delta {
  return {
    fro: relative * 100,
    relative,
    cosine: 1 - relative ** 2 / 2,
    maxAbs: relative / 10,
    changed: 0.22,
    changedCount: 22,
    floor: relative * 100 * floor,
    nonFinite: 0,
  };
}

export function aggregate(relative: number, floor = 0.5): DeltaAggregate {
  return {
    ...delta(relative, floor),
    fro: relative * 100,
    maxAbs: relative / 10,
    meanFro: relative * 50,
    sumFro: relative * 700,
    meanRelative: relative,
  };
}

const sizes: Omit<Aggregate, 'deltas'> = { weights: 7, tensors: 9, parameters: 1000 };

export function sampleResult({
  layers = 6,
  vision = 4,
  labels = ['Base', 'IN', 'RL'],
  tensorName = (layer: number) => `model.language_model.layers.${layer}.mlp.up_proj.weight`,
} = {}): CompareResult {
  const relatives = [1e-2, 3.1e-4].slice(0, labels.length - 1);
  const layer = (section: LayerResult['section'], index: number | null, depth: number): LayerResult => ({
    ...sizes,
    section,
    layer: index,
    depth,
    region:
      section === 'language' ? (depth <= layers / 3 ? 'early' : depth <= (2 * layers) / 3 ? 'mid' : 'late') : null,
    deltas: relatives.map((relative, i) => aggregate(relative * (1 + depth / 100), i === 0 ? 0.03 : 0.8)),
    components: { mlp: { ...sizes, deltas: relatives.map((relative) => aggregate(relative)) } },
  });
  const tensor = (name: string, onDisk: string, location: Partial<TensorResult>): TensorResult => ({
    name,
    section: 'language',
    layer: null,
    depth: null,
    component: 'mlp',
    region: null,
    shape: [64, 32],
    onDisk: labels.map(() => onDisk),
    dtypes: labels.map(() => 'BF16'),
    norms: labels.map(() => 100),
    deltas: relatives.map((relative) => delta(relative)),
    ...location,
  });
  return {
    schema: 1,
    stages: labels.map((label) => ({
      label,
      path: `/models/${label}`,
      family: 'qwen2_5_vl',
      layers,
      visionLayers: vision,
      dtype: 'BF16',
      parameters: 1e6,
      bytes: 2e6,
      fingerprint: 'f'.repeat(64),
    })),
    cuts: [Math.floor(layers / 3), Math.floor((2 * layers) / 3)],
    tensors: [
      tensor('model.language_model.embed_tokens.weight', 'model.embed_tokens.weight', { component: 'embedding' }),
      ...Array.from({ length: layers }, (_, i) =>
        tensor(tensorName(i), tensorName(i).replace('model.language_model.', 'model.'), {
          layer: i,
          depth: i + 1,
          region: 'early',
        }),
      ),
    ],
    layers: [
      ...Array.from({ length: vision }, (_, i) => layer('vision', i, i - vision)),
      layer('projector', null, 0),
      ...Array.from({ length: layers }, (_, i) => layer('language', i, i + 1)),
    ],
    regions: (['early', 'mid', 'late'] as const).map((region, i) => ({
      ...sizes,
      region,
      first: 2 * i,
      last: 2 * i + 1,
      deltas: relatives.map((relative) => aggregate(relative * (i + 1))),
    })),
    sections: (['vision', 'projector', 'language'] as const).map((section) => ({
      ...sizes,
      section,
      deltas: relatives.map((relative) => aggregate(relative)),
    })),
    missing: [],
    files: [],
    warnings: [],
    provenance: {
      runId: '0123456789abcdef',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:01:00Z',
      engine: '0.1.0',
      onnxruntime: '1.30.0',
      node: 'v20',
      platform: 'linux-x64',
    },
  };
}
