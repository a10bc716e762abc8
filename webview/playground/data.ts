/**
 * Made-up comparisons with the shapes and sizes of real ones, from a seed: to look at the panel without a checkpoint.
 * The aggregates follow the definitions of the result, so that figures, table and exports agree with each other.
 */
import type {
  Aggregate,
  CompareResult,
  Delta,
  DeltaAggregate,
  LayerResult,
  RegionResult,
  SectionResult,
  TensorDetail,
  TensorLocation,
  TensorResult,
} from '../../src/protocol/engineApi.js';

type Component = TensorLocation['component'];
type Section = TensorLocation['section'];

interface Shape {
  name: string;
  section: Section;
  layer: number | null;
  component: Component;
  shape: number[];
}

/** Small, fast, seeded. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function qwenVision(blocks: number, width: number, inner: number): Shape[] {
  const list: Shape[] = [
    {
      name: 'model.visual.patch_embed.proj.weight',
      section: 'vision',
      layer: null,
      component: 'embedding',
      shape: [width, 3, 2, 14, 14],
    },
  ];
  for (let layer = 0; layer < blocks; layer++) {
    const at = (name: string, component: Component, shape: number[]) =>
      list.push({ name: `model.visual.blocks.${layer}.${name}`, section: 'vision', layer, component, shape });
    at('norm1.weight', 'norm', [width]);
    at('attn.qkv.weight', 'attention', [3 * width, width]);
    at('attn.qkv.bias', 'attention', [3 * width]);
    at('attn.proj.weight', 'attention', [width, width]);
    at('attn.proj.bias', 'attention', [width]);
    at('norm2.weight', 'norm', [width]);
    for (const name of ['gate_proj', 'up_proj']) {
      at(`mlp.${name}.weight`, 'mlp', [inner, width]);
      at(`mlp.${name}.bias`, 'mlp', [inner]);
    }
    at('mlp.down_proj.weight', 'mlp', [width, inner]);
    at('mlp.down_proj.bias', 'mlp', [width]);
  }
  return list;
}

function qwenLanguage(
  prefix: string,
  layers: number,
  width: number,
  keyWidth: number,
  inner: number,
  vocabulary: number,
  experts = 0,
): Shape[] {
  const list: Shape[] = [
    {
      name: `${prefix}embed_tokens.weight`,
      section: 'language',
      layer: null,
      component: 'embedding',
      shape: [vocabulary, width],
    },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const at = (name: string, component: Component, shape: number[]) =>
      list.push({ name: `${prefix}layers.${layer}.${name}`, section: 'language', layer, component, shape });
    at('input_layernorm.weight', 'norm', [width]);
    at('self_attn.q_proj.weight', 'attention', [width, width]);
    at('self_attn.q_proj.bias', 'attention', [width]);
    at('self_attn.k_proj.weight', 'attention', [keyWidth, width]);
    at('self_attn.k_proj.bias', 'attention', [keyWidth]);
    at('self_attn.v_proj.weight', 'attention', [keyWidth, width]);
    at('self_attn.v_proj.bias', 'attention', [keyWidth]);
    at('self_attn.o_proj.weight', 'attention', [width, width]);
    at('post_attention_layernorm.weight', 'norm', [width]);
    const blocks = experts === 0 ? ['mlp.'] : Array.from({ length: experts }, (_, expert) => `mlp.experts.${expert}.`);
    if (experts > 0) at('mlp.gate.weight', 'mlp', [experts, width]);
    for (const block of blocks) {
      at(`${block}gate_proj.weight`, 'mlp', [inner, width]);
      at(`${block}up_proj.weight`, 'mlp', [inner, width]);
      at(`${block}down_proj.weight`, 'mlp', [width, inner]);
    }
  }
  list.push({ name: `${prefix}norm.weight`, section: 'language', layer: null, component: 'norm', shape: [width] });
  list.push({
    name: 'lm_head.weight',
    section: 'language',
    layer: null,
    component: 'embedding',
    shape: [vocabulary, width],
  });
  return list;
}

const projector: Shape[] = [
  { name: 'model.visual.merger.ln_q.weight', section: 'projector', layer: null, component: 'norm', shape: [1280] },
  {
    name: 'model.visual.merger.mlp.0.weight',
    section: 'projector',
    layer: null,
    component: 'mlp',
    shape: [5120, 5120],
  },
  { name: 'model.visual.merger.mlp.0.bias', section: 'projector', layer: null, component: 'mlp', shape: [5120] },
  {
    name: 'model.visual.merger.mlp.2.weight',
    section: 'projector',
    layer: null,
    component: 'mlp',
    shape: [3584, 5120],
  },
  { name: 'model.visual.merger.mlp.2.bias', section: 'projector', layer: null, component: 'mlp', shape: [3584] },
];

interface Recipe {
  family: string;
  labels: string[];
  shapes: Shape[];
  layers: number;
  visionLayers: number;
  cuts?: [number, number];
  dtype: string;
  /** True relative update of a tensor before rounding; 0 leaves it bit-identical. */
  update(shape: Shape, delta: number, noise: () => number): number;
  warnings?: string[];
  missing?: CompareResult['missing'];
  files?: CompareResult['files'];
}

/** One rounding to bf16 in units of the weights: √(E ulp²/12) for normally distributed weights. */
const BF16_FLOOR = 1.66e-3;

function build(recipe: Recipe, seed: number): CompareResult {
  const noise = random(seed);
  const { layers, visionLayers } = recipe;
  const cuts = recipe.cuts ?? [Math.floor(layers / 3), Math.floor((2 * layers) / 3)];
  const pairs = recipe.labels.length - 1;
  const region = (shape: Shape): TensorLocation['region'] =>
    shape.section !== 'language' || shape.layer === null
      ? null
      : shape.layer < cuts[0]
        ? 'early'
        : shape.layer < cuts[1]
          ? 'mid'
          : 'late';
  const depthOf = (shape: Shape): number | null =>
    shape.section === 'projector'
      ? 0
      : shape.layer === null
        ? null
        : shape.section === 'vision'
          ? shape.layer - visionLayers
          : shape.layer + 1;

  const tensors = recipe.shapes.map((shape): TensorResult => {
    const elements = shape.shape.reduce((product, size) => product * size, 1);
    const spread = shape.component === 'norm' ? 1 : 0.02 + 0.01 * noise();
    let norm = spread * Math.sqrt(elements);
    const norms = [norm];
    const deltas: Delta[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const wanted = recipe.update(shape, pair, noise);
      const floored = recipe.dtype === 'BF16';
      const floor = floored ? BF16_FLOOR * norm * (0.97 + 0.06 * noise()) : 3e-8 * norm;
      // Below the floor most weights do not leave their stored value; see the table in the method's description.
      const changed = wanted === 0 ? 0 : floored ? Math.min(1, 1 - Math.exp(-((wanted / 0.0042) ** 0.85))) : 1 - 1e-6;
      const measured =
        wanted === 0 ? 0 : floored ? wanted * Math.min(1.03, (wanted / (wanted + 3.4e-4)) ** 1.1) : wanted;
      const fro = measured * norm;
      deltas.push({
        fro,
        relative: measured,
        cosine: wanted === 0 ? 1 : 1 - (measured * measured) / 2,
        maxAbs: wanted === 0 ? 0 : spread * measured * (4 + 3 * noise()),
        changed,
        changedCount: Math.round(changed * elements),
        floor,
        nonFinite: 0,
      });
      norm *= 1 + measured * 0.01;
      norms.push(norm);
    }
    return {
      name: shape.name,
      section: shape.section,
      layer: shape.layer,
      depth: depthOf(shape),
      component: shape.component,
      region: region(shape),
      shape: shape.shape,
      onDisk: recipe.labels.map((_, stage) =>
        stage === 0
          ? shape.name.replace('model.language_model.', 'model.').replace('model.visual.', 'visual.')
          : shape.name,
      ),
      dtypes: recipe.labels.map(() => recipe.dtype),
      norms,
      deltas,
    };
  });
  tensors.sort(
    (a, b) =>
      (a.depth ?? (a.section === 'vision' ? -999 : a.name.includes('embed') ? 0.5 : 999)) -
      (b.depth ?? (b.section === 'vision' ? -999 : b.name.includes('embed') ? 0.5 : 999)),
  );

  const depths = [...new Set(tensors.map((tensor) => tensor.depth))]
    .filter((depth) => depth !== null)
    .sort((a, b) => a - b);
  const layersOut = depths.map((depth): LayerResult => {
    const own = tensors.filter((tensor) => tensor.depth === depth);
    const first = own[0]!;
    const components: LayerResult['components'] = {};
    for (const component of ['attention', 'mlp', 'norm'] as const) {
      const members = own.filter((tensor) => tensor.component === component);
      if (members.length > 0) components[component] = aggregate(members, pairs);
    }
    return {
      ...aggregate(own, pairs),
      section: first.section,
      layer: first.layer,
      depth,
      region: first.region,
      components,
    };
  });
  const spans: RegionResult[] = (
    [
      ['early', 0, cuts[0] - 1],
      ['mid', cuts[0], cuts[1] - 1],
      ['late', cuts[1], layers - 1],
    ] as const
  ).map(([name, first, last]) => ({
    ...aggregate(
      tensors.filter((tensor) => tensor.region === name),
      pairs,
    ),
    region: name,
    first,
    last,
  }));
  const sections = (['vision', 'projector', 'language', 'other'] as const).flatMap((section): SectionResult[] => {
    const own = tensors.filter((tensor) => tensor.section === section);
    return own.length === 0 ? [] : [{ ...aggregate(own, pairs), section }];
  });
  const parameters = tensors.reduce(
    (sum, tensor) => sum + tensor.shape.reduce((product, size) => product * size, 1),
    0,
  );
  return {
    schema: 1,
    stages: recipe.labels.map((label, stage) => ({
      label,
      path: `/home/ana/checkpoints/${recipe.family}-${label}`,
      family: recipe.family,
      layers,
      visionLayers,
      dtype: recipe.dtype,
      parameters,
      bytes: parameters * (recipe.dtype === 'BF16' ? 2 : 4),
      fingerprint: `${stage}f3a9c27d18e`,
    })),
    cuts,
    tensors,
    layers: layersOut,
    regions: spans,
    sections,
    missing: recipe.missing ?? [],
    files: recipe.files ?? [],
    warnings: recipe.warnings ?? [],
    provenance: {
      runId: '20261121-2118-7c1e',
      startedAt: '2026-11-21T21:18:03.000Z',
      finishedAt: '2026-11-21T21:18:41.400Z',
      engine: '0.1.0',
      onnxruntime: '1.30.0',
      node: '22.12.0',
      platform: 'linux-x64',
    },
  };
}

function aggregate(tensors: readonly TensorResult[], pairs: number): Aggregate {
  const weights = tensors.filter((tensor) => tensor.shape.length >= 2);
  const size = (tensor: TensorResult) => tensor.shape.reduce((product, one) => product * one, 1);
  const deltas = Array.from({ length: pairs }, (_, pair): DeltaAggregate | null => {
    const own = weights.flatMap((tensor) =>
      !tensor.deltas[pair]
        ? []
        : [{ delta: tensor.deltas[pair], before: tensor.norms[pair] ?? 0, elements: size(tensor) }],
    );
    if (own.length === 0) return null;
    const sum = (value: (one: (typeof own)[number]) => number) => own.reduce((total, one) => total + value(one), 0);
    const fro = Math.sqrt(sum(({ delta }) => delta.fro! ** 2));
    const before = Math.sqrt(sum((one) => one.before ** 2));
    const relative = fro / before;
    return {
      fro,
      meanFro: sum(({ delta }) => delta.fro!) / own.length,
      sumFro: sum(({ delta }) => delta.fro!),
      relative,
      meanRelative: sum(({ delta }) => delta.relative!) / own.length,
      cosine: 1 - (relative * relative) / 2,
      maxAbs: Math.max(...own.map(({ delta }) => delta.maxAbs!)),
      changed: sum(({ delta }) => delta.changedCount) / sum((one) => one.elements),
      floor: Math.sqrt(sum(({ delta }) => delta.floor ** 2)),
      nonFinite: 0,
    };
  });
  return {
    weights: weights.length,
    tensors: tensors.length,
    parameters: tensors.reduce((sum, tensor) => sum + size(tensor), 0),
    deltas,
  };
}

const bump = (at: number, centre: number, width: number) => Math.exp(-(((at - centre) / width) ** 2));

/**
 * Base → IN → RL of a Qwen2.5-VL-7B: a broad cold start with a frozen tower, then a faint update in the middle layers.
 */
export function lineage(): CompareResult {
  return build(
    {
      family: 'qwen2_5_vl',
      labels: ['base', 'in', 'rl'],
      shapes: [
        ...qwenVision(32, 1280, 3420),
        ...projector,
        ...qwenLanguage('model.language_model.', 28, 3584, 512, 18944, 152064),
      ],
      layers: 28,
      visionLayers: 32,
      dtype: 'BF16',
      update(shape, delta, noise) {
        const jitter = 0.85 + 0.3 * noise();
        if (shape.shape.length < 2) return delta === 0 ? 4e-4 * jitter : 0;
        if (shape.section === 'vision')
          return delta === 0 ? 0 : 3.2e-4 * jitter * (0.6 + 0.5 * bump(shape.layer ?? 0, 30, 12));
        if (shape.section === 'projector') return (delta === 0 ? 1.6e-2 : 5e-4) * jitter;
        if (shape.layer === null) return (delta === 0 ? 2.4e-3 : 1.5e-4) * jitter;
        const attention = shape.component === 'attention' ? 1.15 : 0.95;
        if (delta === 0)
          return attention * jitter * (7e-3 + 6e-3 * bump(shape.layer, 3, 5) + 9e-3 * bump(shape.layer, 27, 6));
        return attention * jitter * (4.5e-4 + 9e-4 * bump(shape.layer, 15, 5) + 2e-4 * bump(shape.layer, 25, 4));
      },
      warnings: [
        'in and rl store lm_head.weight; base ties it to the embeddings. It is compared with the embeddings of base.',
        'model.visual.blocks.31.attn.proj.bias of rl holds 3 NaN values; they are left out of all sums.',
      ],
      missing: [
        {
          name: 'model.visual.rotary_pos_emb.inv_freq',
          presentIn: [0],
          absentIn: [1, 2],
          shapes: [[40], null, null],
          reason: 'A buffer that newer exports leave out.',
        },
        {
          name: 'model.language_model.embed_positions.weight',
          presentIn: [1, 2],
          absentIn: [0],
          shapes: [null, [2048, 3584], [2048, 3584]],
          reason: 'Added in training.',
        },
      ],
      files: [
        {
          file: 'config.json',
          from: 0,
          kind: 'changed',
          keys: [
            'transformers_version',
            'torch_dtype',
            'text_config.rope_scaling.type',
            'text_config.max_position_embeddings',
            'use_cache',
            'vision_config.tokens_per_second',
            'eos_token_id',
            'tie_word_embeddings',
          ],
        },
        {
          file: 'generation_config.json',
          from: 0,
          kind: 'changed',
          keys: ['temperature', 'top_p', 'repetition_penalty'],
        },
        { file: 'added_tokens.json', from: 0, kind: 'added', keys: [] },
        { file: 'chat_template.jinja', from: 1, kind: 'changed', keys: [] },
        { file: 'trainer_state.json', from: 1, kind: 'removed', keys: [] },
      ],
    },
    7,
  );
}

/** Two stages of a text-only model in fp32 with custom cuts. */
export function textOnly(): CompareResult {
  return build(
    {
      family: 'qwen2',
      labels: ['Qwen2.5-1.5B', 'Qwen2.5-1.5B-Instruct'],
      shapes: qwenLanguage('model.', 28, 1536, 256, 8960, 151936),
      layers: 28,
      visionLayers: 0,
      cuts: [8, 20],
      dtype: 'F32',
      update: (shape, _delta, noise) =>
        (shape.layer === null ? 1e-3 : (0.8 + 0.4 * noise()) * (6e-3 + 1.4e-2 * (shape.layer / 27) ** 2)) *
        (shape.shape.length < 2 ? 0.1 : 1),
    },
    11,
  );
}

/** A mixture of experts with some 30,000 tensors. */
export function experts(): CompareResult {
  return build(
    {
      family: 'qwen3_vl_moe',
      labels: ['sft', 'rl'],
      shapes: [
        ...qwenVision(27, 1152, 4304),
        ...projector,
        ...qwenLanguage('model.language_model.', 94, 2048, 512, 768, 151936, 104),
      ],
      layers: 94,
      visionLayers: 27,
      dtype: 'BF16',
      update: (shape, _delta, noise) =>
        noise() < 0.02
          ? 0
          : (0.7 + 0.6 * noise()) * (shape.section === 'vision' ? 2e-4 : 8e-4 + 4e-3 * bump(shape.layer ?? 0, 60, 22)),
    },
    13,
  );
}

/** Four stages, more than two updates. */
export function fourStages(): CompareResult {
  return build(
    {
      family: 'qwen2_5_vl',
      labels: ['base', 'sft', 'in', 'rl'],
      shapes: [
        ...qwenVision(32, 1280, 3420),
        ...projector,
        ...qwenLanguage('model.language_model.', 36, 2048, 256, 11008, 151936),
      ],
      layers: 36,
      visionLayers: 32,
      dtype: 'BF16',
      update: (shape, delta, noise) =>
        (0.85 + 0.3 * noise()) *
        [1.5e-2, 6e-3, 9e-4][delta]! *
        (0.5 + bump(shape.layer ?? 0, 8 + 10 * delta, 9)) *
        (shape.section === 'vision' ? 0.2 : 1),
    },
    17,
  );
}

/** Detail of any tensor: a peaked distribution with tails, a few strong rows. */
export function detailOf(tensor: TensorResult, from: number): TensorDetail {
  const noise = random([...tensor.name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, from + 1));
  const delta = tensor.deltas[from];
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const rows = tensor.shape[0] ?? 1;
  const columns = elements / rows;
  const reach = delta?.maxAbs ?? 1e-3;
  const changed = delta?.changedCount ?? elements;
  const BINS = 101;
  const fractions = Array.from(
    { length: BINS },
    (_, bin) => Math.exp(-Math.abs((bin - 50) / 50) * 11) * (0.8 + 0.4 * noise()),
  );
  const sum = fractions.reduce((total, fraction) => total + fraction, 0);
  const profile = (count: number) => {
    const bins = Math.min(512, count);
    const level = (delta?.fro ?? 0) / Math.sqrt(elements);
    return Array.from({ length: bins }, () => level * (0.8 + 0.4 * noise()) * (noise() < 0.02 ? 3 : 1));
  };
  return {
    name: tensor.name,
    from,
    shape: tensor.shape,
    histogram: {
      min: -reach,
      max: reach,
      counts: fractions.map((fraction) => Math.round((fraction / sum) * changed)),
      zeros: elements - changed,
    },
    rowEnergy: profile(rows),
    columnEnergy: profile(columns),
    rowsPerBin: Math.ceil(rows / 512),
    columnsPerBin: Math.ceil(columns / 512),
  };
}
