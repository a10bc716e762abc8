/** A comparison small enough to check by hand: two vision blocks, a projector, six language layers, three stages. */
import type {
  CompareResult,
  Delta,
  DeltaAggregate,
  LayerResult,
  TensorResult,
} from '../../../src/protocol/engineApi.js';

export function delta(fro: number, own: Partial<Delta> = {}): Delta {
  return {
    fro,
    relative: fro / 10,
    cosine: 1 - fro / 1000,
    maxAbs: fro / 5,
    changed: fro === 0 ? 0 : 0.5,
    changedCount: fro === 0 ? 0 : 8,
    floor: 0.5,
    nonFinite: 0,
    ...own,
  };
}

export function tensor(name: string, own: Partial<TensorResult> = {}): TensorResult {
  return {
    name,
    section: 'language',
    layer: null,
    depth: null,
    component: 'mlp',
    region: null,
    shape: [4, 4],
    onDisk: [name, name, name],
    dtypes: ['BF16', 'BF16', 'BF16'],
    norms: [10, 10, 10],
    deltas: [delta(2), delta(0.25)],
    ...own,
  };
}

function aggregate(tensors: readonly TensorResult[], index: number): DeltaAggregate | null {
  const own = tensors
    .filter((one) => one.shape.length > 1)
    .flatMap((one) => (one.deltas[index] ? [one.deltas[index]] : []));
  if (own.length === 0) return null;
  const squares = own.reduce((sum, one) => sum + one.fro! ** 2, 0);
  const sum = own.reduce((total, one) => total + one.fro!, 0);
  const relative = Math.sqrt(squares) / (10 * Math.sqrt(own.length));
  return {
    fro: Math.sqrt(squares),
    meanFro: sum / own.length,
    sumFro: sum,
    relative,
    meanRelative: sum / own.length / 10,
    cosine: 0.999,
    maxAbs: 1,
    changed: own.reduce((total, one) => total + one.changed!, 0) / own.length,
    floor: Math.sqrt(own.reduce((total, one) => total + one.floor ** 2, 0)),
    nonFinite: 0,
  };
}

export function sample(): CompareResult {
  const tensors: TensorResult[] = [];
  for (const layer of [0, 1]) {
    const location = { section: 'vision' as const, layer, depth: layer - 2, component: 'attention' as const };
    tensors.push(
      tensor(`model.visual.blocks.${layer}.attn.qkv.weight`, { ...location, deltas: [delta(0), delta(0.25)] }),
    );
    tensors.push(
      tensor(`model.visual.blocks.${layer}.attn.qkv.bias`, { ...location, shape: [4], deltas: [delta(0), delta(0)] }),
    );
  }
  tensors.push(tensor('model.visual.merger.mlp.0.weight', { section: 'projector', depth: 0 }));
  for (let layer = 0; layer < 6; layer++) {
    const region = layer < 2 ? ('early' as const) : layer < 4 ? ('mid' as const) : ('late' as const);
    const location = { layer, depth: layer + 1, region };
    tensors.push(
      tensor(`model.language_model.layers.${layer}.self_attn.q_proj.weight`, {
        ...location,
        component: 'attention',
        deltas: [delta(layer + 1), delta(0.25 * (layer + 1))],
      }),
    );
    tensors.push(
      tensor(`model.language_model.layers.${layer}.mlp.up_proj.weight`, {
        ...location,
        deltas: [delta(2 * (layer + 1)), delta(0.25)],
      }),
    );
    tensors.push(
      tensor(`model.language_model.layers.${layer}.input_layernorm.weight`, {
        ...location,
        component: 'norm',
        shape: [4],
      }),
    );
  }
  tensors.push(
    tensor('lm_head.weight', {
      component: 'embedding',
      deltas: [null, delta(1)],
      onDisk: [null, 'lm_head.weight', 'lm_head.weight'],
    }),
  );
  const whole = (own: readonly TensorResult[]) => ({
    weights: own.filter((one) => one.shape.length > 1).length,
    tensors: own.length,
    parameters: 16 * own.length,
    deltas: [aggregate(own, 0), aggregate(own, 1)],
  });
  const depths = [...new Set(tensors.map((one) => one.depth))].filter((depth) => depth !== null);
  const layers = depths.map((depth): LayerResult => {
    const own = tensors.filter((one) => one.depth === depth);
    const first = own[0]!;
    const components: LayerResult['components'] = {};
    for (const one of own)
      components[one.component] ??= whole(own.filter((other) => other.component === one.component));
    return {
      ...whole(own),
      section: first.section,
      layer: first.section === 'projector' ? null : first.layer,
      depth,
      region: first.region,
      components,
    };
  });
  const stage = (label: string) => ({
    label,
    path: `/models/${label}`,
    family: 'qwen2_5_vl',
    layers: 6,
    visionLayers: 2,
    dtype: 'BF16',
    parameters: 400,
    bytes: 800,
    fingerprint: 'ab',
  });
  return {
    schema: 1,
    stages: [stage('base'), stage('in'), stage('rl')],
    cuts: [2, 4],
    tensors,
    layers,
    regions: (['early', 'mid', 'late'] as const).map((region, index) => ({
      ...whole(tensors.filter((one) => one.region === region)),
      region,
      first: 2 * index,
      last: 2 * index + 1,
    })),
    sections: (['vision', 'projector', 'language'] as const).map((section) => ({
      ...whole(tensors.filter((one) => one.section === section)),
      section,
    })),
    missing: [],
    files: [],
    warnings: [],
    provenance: {
      runId: 'r1',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:05Z',
      engine: '0.1.0',
      onnxruntime: '1.30.0',
      node: '22',
      platform: 'linux-x64',
    },
  };
}
