/**
 * Every merge method, as data: what completion, hovers, diagnostics, documentation and evaluation know of it. Names,
 * parameters and their defaults are mergekit's (0.1.5), so that its files mean here what they mean there.
 */

export type MethodName = (typeof METHOD_NAMES)[number];

export const METHOD_NAMES = [
  'passthrough',
  'linear',
  'slerp',
  'nuslerp',
  'multislerp',
  'karcher',
  'task_arithmetic',
  'ties',
  'dare_linear',
  'dare_ties',
  'della',
  'della_linear',
  'breadcrumbs',
  'breadcrumbs_ties',
  'model_stock',
  'sce',
  'nearswap',
  'arcee_fusion',
  'ram',
  'ramplus_tl',
] as const;

export interface MethodParameter {
  name: string;
  type: 'number' | 'integer' | 'boolean';
  /** `shared`: one value per tensor. `model`: one per model. `other`: one per model that is not the base. */
  scope: 'shared' | 'model' | 'other';
  /** Undefined: must be given. Null: nothing is done. */
  default: number | boolean | null | undefined;
  /** Values that make sense, inclusive; others are refused. */
  min?: number;
  max?: number;
  doc: string;
}

export interface MergeMethod {
  name: MethodName;
  title: string;
  /** What it does, in a sentence or two. */
  doc: string;
  /** Plain text. W₀: base; Wᵢ: the models; Δᵢ = Wᵢ − W₀; wᵢ: `weight`. */
  formula: string;
  paper: { title: string; url: string } | undefined;
  /** `ignored`: the base is a model like any other. */
  base: 'required' | 'optional' | 'ignored';
  /** How many models it takes, the base counted. */
  models: { min: number; max: number };
  /** How many of them are not the base; as many as there are when left out. */
  others?: { min: number; max: number };
  /** Draws random numbers: the recipe's `seed` counts. */
  random: boolean;
  parameters: readonly MethodParameter[];
}

const ANY = Infinity;

const WEIGHT: MethodParameter = {
  name: 'weight',
  type: 'number',
  scope: 'other',
  default: undefined,
  doc: 'How much this model counts.',
};
const DENSITY: MethodParameter = {
  name: 'density',
  type: 'number',
  scope: 'other',
  default: 1,
  min: 0,
  max: 1,
  doc: 'Share of the differences to the base that is kept.',
};
const LAMBDA: MethodParameter = {
  name: 'lambda',
  type: 'number',
  scope: 'shared',
  default: 1,
  doc: 'Factor of the merged difference before it is added to the base.',
};
const INT8_MASK: MethodParameter = {
  name: 'int8_mask',
  type: 'boolean',
  scope: 'shared',
  default: false,
  doc: 'How mergekit stores its masks while it computes. The result is the same, and here it does nothing.',
};
const normalize = (standard: boolean): MethodParameter => ({
  name: 'normalize',
  type: 'boolean',
  scope: 'shared',
  default: standard,
  doc: 'Divide by the sum of the weights that took part.',
});
const rescale = (standard: boolean): MethodParameter => ({
  name: 'rescale',
  type: 'boolean',
  scope: 'shared',
  default: standard,
  doc: 'Scale what is left of a difference to the sum of magnitudes that it had before.',
});

/** Parameters of the methods that add differences to the base. */
function differences(
  standard: { normalize: boolean; rescale: boolean },
  ...more: MethodParameter[]
): MethodParameter[] {
  return [WEIGHT, DENSITY, ...more, normalize(standard.normalize), rescale(standard.rescale), LAMBDA, INT8_MASK];
}

const GAMMA: MethodParameter = {
  name: 'gamma',
  type: 'number',
  scope: 'other',
  default: 0.01,
  min: 0,
  max: 1,
  doc: 'Share of the largest differences that is removed as outliers.',
};
const EPSILON: MethodParameter = {
  name: 'epsilon',
  type: 'number',
  scope: 'other',
  default: 0.15,
  min: 0,
  max: 0.5,
  doc: 'How far the chance to be kept departs from `density`: density − epsilon for the smallest difference of a row, density + epsilon for the largest. Both must lie inside 0 and 1.',
};

const TASK_ARITHMETIC = { title: 'Editing Models with Task Arithmetic', url: 'https://arxiv.org/abs/2212.04089' };
const TIES = {
  title: 'TIES-Merging: Resolving Interference When Merging Models',
  url: 'https://arxiv.org/abs/2306.01708',
};
const DARE = {
  title: 'Language Models are Super Mario: Absorbing Abilities from Homologous Models as a Free Lunch',
  url: 'https://arxiv.org/abs/2311.03099',
};
const DELLA = {
  title: 'DELLA-Merging: Reducing Interference in Model Merging through Magnitude-Based Sampling',
  url: 'https://arxiv.org/abs/2406.11617',
};
const BREADCRUMBS = {
  title: 'Model Breadcrumbs: Scaling Multi-Task Model Merging with Sparse Masks',
  url: 'https://arxiv.org/abs/2312.06795',
};
const RAM = { title: 'arXiv 2601.13572', url: 'https://arxiv.org/abs/2601.13572' };

const ELECT = 'sign elected per element: s = sign(Σᵢ wᵢδᵢ), and only the δᵢ of that sign are added';

export const METHODS: Readonly<Record<MethodName, MergeMethod>> = {
  passthrough: {
    name: 'passthrough',
    title: 'Passthrough',
    random: false,
    base: 'ignored',
    models: { min: 1, max: 1 },
    paper: undefined,
    doc: 'Takes the tensors of one model as they are. With slices of several models it is a stitch: every layer comes from the model of its slice, embeddings from the first slice, final norm and head from the last.',
    formula: 'W = W₁, or scale · W₁',
    parameters: [
      {
        name: 'scale',
        type: 'number',
        scope: 'model',
        default: null,
        doc: 'Factor of the weights. Left out: the bytes stay as they are.',
      },
    ],
  },
  linear: {
    name: 'linear',
    title: 'Linear',
    random: false,
    base: 'ignored',
    models: { min: 1, max: ANY },
    paper: {
      title:
        'Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference time',
      url: 'https://arxiv.org/abs/2203.05482',
    },
    doc: 'Weighted mean of the models.',
    formula: 'W = Σ wᵢWᵢ / Σ wᵢ; without normalize: W = Σ wᵢWᵢ',
    parameters: [{ ...WEIGHT, scope: 'model' }, normalize(true)],
  },
  slerp: {
    name: 'slerp',
    title: 'SLERP',
    random: false,
    base: 'required',
    models: { min: 2, max: 2 },
    paper: { title: 'Animating rotation with quaternion curves', url: 'https://doi.org/10.1145/325165.325242' },
    doc: 'Spherical interpolation from the base (t = 0) to the other model (t = 1), each tensor as one vector. Nearly parallel vectors (|cos θ| > 0.9995) are interpolated linearly.',
    formula: 'W = sin((1−t)θ)/sin θ · W₀ + sin(tθ)/sin θ · W₁, θ the angle between W₀ and W₁',
    parameters: [
      { name: 't', type: 'number', scope: 'shared', default: undefined, doc: '0: the base, 1: the other model.' },
    ],
  },
  nuslerp: {
    name: 'nuslerp',
    title: 'NuSLERP',
    random: false,
    base: 'optional',
    models: { min: 2, max: 3 },
    others: { min: 2, max: 2 },
    paper: { title: 'Animating rotation with quaternion curves', url: 'https://doi.org/10.1145/325165.325242' },
    doc: 'Spherical interpolation of two models; with a base, of their differences to it. Per tensor, or per row or column.',
    formula: 'W = W₀ + slerp(t, Δ₁, Δ₂), t = w₂/(w₁ + w₂); without a base: slerp(t, W₁, W₂)',
    parameters: [
      WEIGHT,
      {
        name: 'nuslerp_row_wise',
        type: 'boolean',
        scope: 'shared',
        default: false,
        doc: 'Vectors along the first dimension instead of the last. Only where nuslerp_flatten is false.',
      },
      {
        name: 'nuslerp_flatten',
        type: 'boolean',
        scope: 'shared',
        default: true,
        doc: 'The whole tensor is one vector.',
      },
    ],
  },
  multislerp: {
    name: 'multislerp',
    title: 'Multi-SLERP',
    random: false,
    base: 'optional',
    models: { min: 1, max: ANY },
    others: { min: 1, max: ANY },
    paper: { title: 'Multi-SLERP', url: 'https://goddard.blog/posts/multislerp-wow-what-a-cool-idea' },
    doc: 'Barycentric interpolation of several models on the sphere, in the tangent space at their weighted mean; with a base, of their differences to it.',
    formula: 'uᵢ = Wᵢ/‖Wᵢ‖; m = Σwᵢuᵢ/‖·‖; W = Σwᵢ‖Wᵢ‖ · exp_m(Σ wᵢ(uᵢ − ⟨uᵢ,m⟩m))',
    parameters: [
      WEIGHT,
      {
        name: 'normalize_weights',
        type: 'boolean',
        scope: 'shared',
        default: true,
        doc: 'Divide the weights by their sum.',
      },
      {
        name: 'eps',
        type: 'number',
        scope: 'shared',
        default: 1e-8,
        min: 0,
        doc: 'Added to norms before dividing by them.',
      },
    ],
  },
  karcher: {
    name: 'karcher',
    title: 'Karcher mean',
    random: false,
    base: 'ignored',
    models: { min: 1, max: ANY },
    paper: { title: 'arXiv 2603.04972', url: 'https://arxiv.org/abs/2603.04972' },
    doc: "The point on the sphere with the least sum of squared distances to the models' directions, times their mean norm.",
    formula: 'm ← exp_m(1/n Σ log_m(uᵢ)) until it rests; W = mean ‖Wᵢ‖ · m',
    parameters: [
      { name: 'max_iter', type: 'integer', scope: 'shared', default: 10, min: 0, doc: 'Iterations at most.' },
      {
        name: 'tol',
        type: 'number',
        scope: 'shared',
        default: 1e-5,
        min: 0,
        doc: 'Ends when the step is shorter; vectors shorter than it do not count.',
      },
    ],
  },
  task_arithmetic: {
    name: 'task_arithmetic',
    title: 'Task arithmetic',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: TASK_ARITHMETIC,
    doc: 'Adds the weighted differences of the models to the base.',
    formula: 'W = W₀ + λ Σ wᵢΔᵢ; with normalize divided by Σ wᵢ',
    parameters: differences({ normalize: false, rescale: false }),
  },
  ties: {
    name: 'ties',
    title: 'TIES',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: TIES,
    doc: 'Keeps the largest differences of each model, elects a sign per element, and adds those that agree with it.',
    formula: `δᵢ = the density·n largest |Δᵢ|; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ / Σ wᵢ over those`,
    parameters: differences({ normalize: true, rescale: false }),
  },
  dare_linear: {
    name: 'dare_linear',
    title: 'Linear DARE',
    random: true,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: DARE,
    doc: 'Drops differences at random, scales up what is left, and adds it.',
    formula: 'δᵢ = Δᵢ · Bernoulli(density), scaled to Σ|δᵢ| = Σ|Δᵢ|; W = W₀ + λ Σ wᵢδᵢ',
    parameters: differences({ normalize: false, rescale: true }),
  },
  dare_ties: {
    name: 'dare_ties',
    title: 'DARE TIES',
    random: true,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: DARE,
    doc: 'Drops differences at random, scales up what is left, elects a sign per element, and adds what agrees with it.',
    formula: `δᵢ = Δᵢ · Bernoulli(density), scaled to Σ|δᵢ| = Σ|Δᵢ|; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ`,
    parameters: differences({ normalize: false, rescale: true }),
  },
  della: {
    name: 'della',
    title: 'DELLA',
    random: true,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: DELLA,
    doc: 'Drops differences at random, small ones more often, elects a sign per element, and adds what agrees with it.',
    formula: `δᵢ = Δᵢ · Bernoulli(density − ε … density + ε by rank in the row), scaled to Σ|δᵢ| = Σ|Δᵢ|; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ / Σ wᵢ over those`,
    parameters: differences({ normalize: true, rescale: true }, EPSILON),
  },
  della_linear: {
    name: 'della_linear',
    title: 'Linear DELLA',
    random: true,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: DELLA,
    doc: 'Drops differences at random, small ones more often, scales up what is left, and adds it.',
    formula:
      'δᵢ = Δᵢ · Bernoulli(density − ε … density + ε by rank in the row), scaled to Σ|δᵢ| = Σ|Δᵢ|; W = W₀ + λ Σ wᵢδᵢ',
    parameters: differences({ normalize: false, rescale: true }, EPSILON),
  },
  breadcrumbs: {
    name: 'breadcrumbs',
    title: 'Model Breadcrumbs',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: BREADCRUMBS,
    doc: 'Removes the largest differences as outliers and the smallest as noise, and adds the rest.',
    formula: 'δᵢ = Δᵢ without the γ·n largest and without the smallest, density·n left; W = W₀ + λ Σ wᵢδᵢ',
    parameters: differences({ normalize: false, rescale: false }, GAMMA),
  },
  breadcrumbs_ties: {
    name: 'breadcrumbs_ties',
    title: 'Model Breadcrumbs with TIES',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: BREADCRUMBS,
    doc: 'Removes the largest differences as outliers and the smallest as noise, elects a sign per element, and adds what agrees with it.',
    formula: `δᵢ = Δᵢ without the γ·n largest and without the smallest, density·n left; ${ELECT}; W = W₀ + λ Σ wᵢδᵢ`,
    parameters: differences({ normalize: false, rescale: false }, GAMMA),
  },
  model_stock: {
    name: 'model_stock',
    title: 'Model Stock',
    random: false,
    base: 'required',
    models: { min: 3, max: ANY },
    paper: {
      title: 'Model Stock: All we need is just a few fine-tuned models',
      url: 'https://arxiv.org/abs/2403.19522',
    },
    doc: 'Interpolates between the base and the mean of the models, by the angle between their differences.',
    formula: 'c = mean cos∠(Δᵢ, Δⱼ); t = Nc / (1 + (N−1)c); W = t · mean Wᵢ + (1−t) · W₀',
    parameters: [
      {
        name: 'filter_wise',
        type: 'boolean',
        scope: 'shared',
        default: false,
        doc: 'One angle per row instead of one per tensor.',
      },
    ],
  },
  sce: {
    name: 'sce',
    title: 'SCE',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: { title: 'FuseChat: Knowledge Fusion of Chat Models', url: 'https://arxiv.org/abs/2408.07990' },
    doc: 'Selects the elements in which the models vary most, weighs each model by its energy there, and erases what disagrees with the elected sign.',
    formula:
      'select: the select_topk·n elements of largest variance; calculate: wᵢ ∝ mean Δᵢ²; erase: only the elected sign; W = W₀ + Σ wᵢΔᵢ / Σ wᵢ',
    parameters: [
      {
        name: 'select_topk',
        type: 'number',
        scope: 'shared',
        default: 1,
        min: 0,
        max: 1,
        doc: 'Share of the elements that vary at all that is selected.',
      },
      INT8_MASK,
    ],
  },
  nearswap: {
    name: 'nearswap',
    title: 'NearSwap',
    random: false,
    base: 'required',
    models: { min: 2, max: 2 },
    paper: { title: 'QuartetAnemoi-70B', url: 'https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001' },
    doc: "Takes the other model's weight where it is within t of the base's, and moves towards it by less the further it is.",
    formula: 'W = W₀ + min(1, t/|W₁ − W₀|) · (W₁ − W₀)',
    parameters: [
      {
        name: 't',
        type: 'number',
        scope: 'shared',
        default: undefined,
        doc: 'Distance up to which weights are swapped.',
      },
    ],
  },
  arcee_fusion: {
    name: 'arcee_fusion',
    title: 'Arcee Fusion',
    random: false,
    base: 'required',
    models: { min: 2, max: 2 },
    paper: { title: 'Arcee Fusion', url: 'https://arcee.ai' },
    doc: 'Takes from the other model the elements of outstanding importance: their difference times the divergence of their row.',
    formula: 'I = |Δ| · KL(softmax W₁ ‖ softmax W₀) per row; W = W₁ where I ≥ median + 1.5 (Q₃ − Q₁), else W₀',
    parameters: [],
  },
  ram: {
    name: 'ram',
    title: 'Reinforced Agent Merging',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: RAM,
    doc: 'Keeps changes that only one model made as they are, and averages those that several made.',
    formula: 'c = number of models with |Δᵢ| > ε; W = W₀ + Σ Δᵢ/c over those',
    parameters: [
      {
        name: 'epsilon',
        type: 'number',
        scope: 'shared',
        default: 1e-5,
        min: 0,
        doc: 'Smaller differences do not count.',
      },
    ],
  },
  ramplus_tl: {
    name: 'ramplus_tl',
    title: 'Reinforced Agent Merging Plus, tensor-local',
    random: false,
    base: 'required',
    models: { min: 1, max: ANY },
    paper: RAM,
    doc: 'As ram, but changes that only one model made are strengthened by how much of its change is shared.',
    formula:
      'ρᵢ = shared/unique elements of model i; λᵢ = 1 + r · min(ρᵢ, α); W = W₀ + Σ λᵢΔᵢ where unique, Σ Δᵢ/c where shared',
    parameters: [
      { name: 'r', type: 'number', scope: 'shared', default: 0.1, doc: 'Strength of the reinforcement.' },
      {
        name: 'alpha',
        type: 'number',
        scope: 'shared',
        default: 0.2,
        min: 0,
        doc: 'The ratio of shared to unique elements counts up to here.',
      },
      {
        name: 'epsilon',
        type: 'number',
        scope: 'shared',
        default: 1e-5,
        min: 0,
        doc: 'Smaller differences do not count.',
      },
    ],
  },
};

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}
