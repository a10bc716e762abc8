/**
 * Weights of language layers, brought in when a pass needs them. A pass visits the layers in order, again and again,
 * so the best use of too little memory is to keep the first layers for good and to bring the rest in one by one, each
 * while the one before it is computed. (Keeping what was used last would evict every layer just before it is needed.)
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { type LayerShape, queryHeads } from './graphs/language.js';
import { linearSizes } from './graphs/linearShape.js';
import type { WeightFormat } from './graphs/ops.js';
import { type FewWeights, layerMatrices, runsFew } from './products/few.js';
import { Products } from './products/products.js';
import { type LanguageSpec } from './spec.js';
import { type Allocate, bytesOfParts, type Feeds, readParts, reusing, type WeightPart } from './weights.js';

/** A layer's weights, by the graph that takes them. */
export interface LayerWeights {
  /** Queries, keys and values of attention; or convolution and recurrence. */
  projection: Feeds;
  block: Feeds;
  /** Where the matrices lie in memory that few tokens can be multiplied from. */
  products?: Products;
}

interface Parts {
  projection: WeightPart[];
  block: WeightPart[];
}

/** What layer `layer` is made of, but for its experts. */
export function layerParts({ root, layer: shape, mixers, mlps }: LanguageSpec, layer: number): Parts {
  const at = (name: string) => `${root}.layers.${layer}.${name}`;
  const { hidden, unitNorms: plusOne } = shape;
  const { projection, block } = mixers[layer] === 'linear' ? linearParts(shape, at) : attentionParts(shape, at);
  return {
    projection: [{ input: 'norm1', names: [at('input_layernorm.weight')], dims: [hidden], plusOne }, ...projection],
    block: [
      ...block,
      ...normParts(shape, at),
      ...(mlps[layer] === 'experts' ? routerParts(shape, at) : denseParts(shape, at)),
    ],
  };
}

/** Norms beside the first. */
function normParts(
  { hidden, unitNorms: plusOne, sandwichNorms }: LayerShape,
  at: (name: string) => string,
): WeightPart[] {
  const norm = (input: string, name: string) => ({ input, names: [at(`${name}.weight`)], dims: [hidden], plusOne });
  return sandwichNorms
    ? [
        norm('postAttention', 'post_attention_layernorm'),
        norm('norm2', 'pre_feedforward_layernorm'),
        norm('postMlp', 'post_feedforward_layernorm'),
      ]
    : [norm('norm2', 'post_attention_layernorm')];
}

function denseParts({ hidden, inner, mlpBias }: LayerShape, at: (name: string) => string): WeightPart[] {
  return [
    { input: 'gateUp', names: [at('mlp.gate_proj.weight'), at('mlp.up_proj.weight')], dims: [2 * inner, hidden] },
    { input: 'down', names: [at('mlp.down_proj.weight')], dims: [hidden, inner] },
    ...(mlpBias
      ? [
          { input: 'gateUpBias', names: [at('mlp.gate_proj.bias'), at('mlp.up_proj.bias')], dims: [2 * inner] },
          { input: 'downBias', names: [at('mlp.down_proj.bias')], dims: [hidden] },
        ]
      : []),
  ];
}

/** The router, and the expert that every token has. */
function routerParts({ hidden, experts }: LayerShape, at: (name: string) => string): WeightPart[] {
  const { count, shared } = experts!;
  const own = (name: string) => at(`mlp.shared_expert.${name}.weight`);
  return [
    { input: 'router', names: [at('mlp.gate.weight')], dims: [count, hidden] },
    ...(shared === 0
      ? []
      : [
          { input: 'sharedGateUp', names: [own('gate_proj'), own('up_proj')], dims: [2 * shared, hidden] },
          { input: 'sharedDown', names: [own('down_proj')], dims: [hidden, shared] },
          { input: 'sharedGate', names: [at('mlp.shared_expert_gate.weight')], dims: [1, hidden] },
        ]),
  ];
}

function attentionParts(shape: LayerShape, at: (name: string) => string): Parts {
  const { hidden, heads, kvHeads, headDim, unitNorms: plusOne } = shape;
  const qkvRows = (queryHeads(shape) + 2 * kvHeads) * headDim;
  const qkv = ['q', 'k', 'v'].map((letter) => `self_attn.${letter}_proj`);
  return {
    projection: [
      { input: 'qkv', names: qkv.map((name) => at(`${name}.weight`)), dims: [qkvRows, hidden] },
      ...(shape.qkvBias ? [{ input: 'qkvBias', names: qkv.map((name) => at(`${name}.bias`)), dims: [qkvRows] }] : []),
      ...(shape.qkNorm
        ? [
            { input: 'qNorm', names: [at('self_attn.q_norm.weight')], dims: [headDim], plusOne },
            { input: 'kNorm', names: [at('self_attn.k_norm.weight')], dims: [headDim], plusOne },
          ]
        : []),
    ],
    block: [
      { input: 'output', names: [at('self_attn.o_proj.weight')], dims: [hidden, heads * headDim] },
      ...(shape.outputBias ? [{ input: 'outputBias', names: [at('self_attn.o_proj.bias')], dims: [hidden] }] : []),
    ],
  };
}

function linearParts({ hidden, linear }: LayerShape, at: (name: string) => string): Parts {
  const { kernel, valueHeads, valueDim } = linear!;
  const { values, channels, projected } = linearSizes(linear!);
  const own = (name: string) => at(`linear_attn.${name}`);
  return {
    projection: [
      {
        input: 'inputs',
        names: ['qkv', 'z', 'b', 'a'].map((part) => own(`in_proj_${part}.weight`)),
        dims: [projected, hidden],
      },
      { input: 'convolutionWeight', names: [own('conv1d.weight')], dims: [channels * kernel] },
      { input: 'logDecay', names: [own('A_log')], dims: [valueHeads] },
      { input: 'decayBias', names: [own('dt_bias')], dims: [valueHeads] },
      { input: 'readNorm', names: [own('norm.weight')], dims: [valueDim] },
    ],
    block: [{ input: 'output', names: [own('out_proj.weight')], dims: [hidden, values] }],
  };
}

/** Bytes of one layer in memory. */
export function layerBytes(spec: LanguageSpec, format: WeightFormat, layer: number): number {
  const { projection, block } = layerParts(spec, layer);
  return bytesOfParts([...projection, ...block], format);
}

/** Layers that can be run by `products/few.ts`. */
export function layersOfFew(spec: LanguageSpec): number[] {
  return spec.mixers.flatMap((_, layer) => {
    const { projection, block } = layerParts(spec, layer);
    const inputs = [...projection, ...block].map(({ input }) => input);
    return runsFew(spec.layer, inputs) ? [layer] : [];
  });
}

export class LayerPages {
  private readonly kept = new Map<string, Promise<LayerWeights>>();
  /** The layer being brought in ahead of its use. */
  private ahead: { key: string; weights: Promise<LayerWeights> } | undefined;
  /** Memory of the layers that do not stay: one in use, one on its way. */
  private readonly passing: [Allocate, Allocate] = [reusing(), reusing()];
  private turn: 0 | 1 = 0;
  /** The last read into each of them: a run that was cancelled may have left one under way. */
  private readonly reading: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];
  /** Bytes read from files so far. */
  bytesRead = 0;

  /** By layer, matrices of `few` as they are stored, where graphs have them as fp32. */
  private readonly copies = new Map<number, Promise<Products>>();
  /** Which layers few tokens can have. */
  private readonly forFew: ReadonlySet<number>;

  /**
   * @param keep layers that stay in memory once read.
   * @param few the checkpoint, of bf16, whose layers that stay are also there for few tokens; undefined: none are.
   */
  constructor(
    private readonly spec: LanguageSpec,
    private readonly format: WeightFormat,
    private readonly keep: number,
    private readonly few?: Checkpoint,
  ) {
    this.forFew = new Set(few === undefined ? [] : layersOfFew(spec));
  }

  /** A layer for few tokens, whose weights `get` gave; undefined where it has to run in graphs. */
  async fewOf(checkpoint: Checkpoint, layer: number, weights: LayerWeights): Promise<FewWeights | undefined> {
    if (!this.forFew.has(layer)) return undefined;
    const vectors = { ...weights.projection, ...weights.block };
    if (weights.products !== undefined) return { products: weights.products, vectors };
    if (this.format !== 'F32' || this.few !== checkpoint) return undefined;
    let copy = this.copies.get(layer);
    if (copy === undefined) {
      copy = this.copy(checkpoint, layer);
      this.copies.set(layer, copy);
      copy.catch(() => this.copies.delete(layer));
    }
    return { products: await copy, vectors };
  }

  private async copy(checkpoint: Checkpoint, layer: number): Promise<Products> {
    const { projection, block } = layerParts(this.spec, layer);
    const products = await Products.of(layerMatrices(this.spec.layer));
    const matrices = [...projection, ...block].filter(({ dims }) => dims.length > 1);
    await readParts(checkpoint, matrices, 'BF16', products.allocate);
    return products;
  }

  /**
   * The weights of one layer. `next` is what will be asked for after it: its reading starts now, when it has to be
   * read, so that it goes on while this layer is computed.
   */
  async get(
    checkpoint: Checkpoint,
    layer: number,
    next?: { checkpoint: Checkpoint; layer: number },
  ): Promise<LayerWeights> {
    const weights = await this.start(checkpoint, layer);
    if (next !== undefined) {
      const key = keyOf(next.checkpoint, next.layer);
      if (!this.kept.has(key) && this.ahead?.key !== key) {
        const coming = this.start(next.checkpoint, next.layer);
        // A failure is reported where the layer is asked for.
        coming.catch(() => undefined);
        if (!this.kept.has(key)) this.ahead = { key, weights: coming };
      }
    }
    return weights;
  }

  private start(checkpoint: Checkpoint, layer: number): Promise<LayerWeights> {
    const key = keyOf(checkpoint, layer);
    const there = this.kept.get(key) ?? (this.ahead?.key === key ? this.ahead.weights : undefined);
    if (there !== undefined) {
      if (this.ahead?.key === key) this.ahead = undefined;
      return there;
    }
    if (this.kept.size < this.keep) {
      const weights = this.readToStay(checkpoint, layer);
      this.kept.set(key, weights);
      weights.catch(() => this.kept.delete(key));
      return weights;
    }
    this.turn = this.turn === 0 ? 1 : 0;
    const memory = this.passing[this.turn];
    const weights = this.reading[this.turn].then(() => this.read(checkpoint, layer, memory));
    this.reading[this.turn] = weights.catch(() => undefined);
    return weights;
  }

  private async readToStay(checkpoint: Checkpoint, layer: number): Promise<LayerWeights> {
    if (this.format !== 'BF16' || !this.forFew.has(layer)) return this.read(checkpoint, layer);
    const products = await Products.of(layerMatrices(this.spec.layer));
    return { ...(await this.read(checkpoint, layer, products.allocate)), products };
  }

  private async read(checkpoint: Checkpoint, layer: number, allocate?: Allocate): Promise<LayerWeights> {
    const parts = layerParts(this.spec, layer);
    const projection = await readParts(checkpoint, parts.projection, this.format, allocate);
    const block = await readParts(checkpoint, parts.block, this.format, allocate);
    this.bytesRead += bytesOfParts([...parts.projection, ...parts.block], this.format);
    return { projection, block };
  }

  /** Forgets what only another checkpoint's layers were needed for. */
  clear(): void {
    this.kept.clear();
    this.copies.clear();
    this.ahead = undefined;
  }
}

function keyOf(checkpoint: Checkpoint, layer: number): string {
  return `${layer} ${checkpoint.path}`;
}
