/**
 * One pass of a batch through the language layers: prefill, decoding (one token), and branches that start at a layer of
 * their own. Layer by layer, and within a layer in chunks of rows, or of one row's tokens, so that what attention needs
 * in between stays within a bound however long the prompts are.
 */
import type { Pass } from './passRequest.js';
import * as ort from 'onnxruntime-node';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import {
  attentionGraph,
  blockGraph,
  headGraph,
  headsGraph,
  type LayerShape,
  projectedHeads,
  projectionGraph,
  queryHeads,
} from './graphs/language.js';
import { recurrenceGraph, recurrenceOutputGraph } from './graphs/linear.js';
import { linearSizes } from './graphs/linearShape.js';
import type { WeightFormat } from './graphs/ops.js';
import type { ExpertPages } from './expertPages.js';
import { ExpertRunner, type Routing } from './expertRunner.js';
import type { HeadPages } from './head.js';
import type { LayerPlan } from './interventions.js';
import { attentionMask, imageEnds } from './mask.js';
import type { LayerPages, LayerWeights } from './pages.js';
import { type FewWeights, finishFew, normed, projectFew } from './products/few.js';
import { MOST_VECTORS } from './products/products.js';
import type { Sessions } from './sessions.js';
import type { LanguageSpec } from './spec.js';
import { product } from './weights.js';
import { editStates, mixerInput, swapKeysAndValues } from './swap.js';

export interface PassResult {
  /** [rows, vocabulary], of each row's last token. */
  logits: Float32Array;
  hidden: Map<number, Float32Array>;
  /** [rows, heads, tokens, capacity]. */
  attention: Map<number, Float32Array>;
  /** [rows, tokens, chosen]. */
  experts: Map<number, Int32Array>;
}

/** Part of a pass that goes through a layer's graphs at once, with the tensors over its part of the buffers. */
interface Chunk {
  row: number;
  rows: number;
  token: number;
  tokens: number;
  /** Its part of a buffer `[rows, tokens, perToken]` of the whole pass. */
  over: (values: Float32Array | Int32Array, perToken: number) => ort.Tensor;
  /** Over either of the two hidden buffers. */
  x: [ort.Tensor, ort.Tensor];
  q: ort.Tensor;
  /** With output gates, theirs. */
  gate: ort.Tensor | null;
  /** Angles of layers without a window and with one; the same where the family has one rotation. */
  angles: { cos: ort.Tensor; sin: ort.Tensor };
  slidingAngles: { cos: ort.Tensor; sin: ort.Tensor };
  /** Keys and values of this chunk's tokens; null when the graph writes straight into the cache. */
  fresh: { k: ort.Tensor; v: ort.Tensor } | null;
  masks: Map<number | null, ort.Tensor>;
  /** 0 where a row has padding, made when a layer asks for it. */
  valid?: ort.Tensor;
}

/** What a layer's graphs need besides a chunk. */
interface LayerRun {
  pass: Pass;
  layer: number;
  plan: LayerPlan;
  weights: LayerWeights;
  /** Where there are few tokens and the layer can be run for them apart. */
  few: FewWeights | undefined;
  current: 0 | 1;
  /** What the mixer is given: the layer's input, unless a swap changes it. */
  given: Float32Array;
  kept: Float32Array | undefined;
  /** What the router gives, where the layer has experts. */
  routing: Routing | undefined;
}

export class LanguageRunner {
  private readonly scratch = new Map<string, Float32Array>();
  private readonly experts: ExpertRunner;

  constructor(
    readonly spec: LanguageSpec,
    readonly checkpoint: Checkpoint,
    private readonly format: WeightFormat,
    private readonly pages: LayerPages,
    private readonly head: HeadPages,
    private readonly sessions: Sessions,
    /** Bytes that one chunk's intermediate results may take. */
    private readonly activationBytes: number,
    expertPages: ExpertPages,
  ) {
    this.experts = new ExpertRunner(spec, format, expertPages, sessions, activationBytes, (name, size) =>
      this.buffer(name, size),
    );
  }

  /**
   * Runs the pass; keys and values of its tokens are in the cache afterwards.
   * @throws `cancelled`; `malformed` when states are not finite, naming the first layer where they were not.
   */
  async run(pass: Pass): Promise<PassResult> {
    const { tokens, cache, plans, capture } = pass;
    const { rows } = cache;
    const { hidden: width } = this.spec.layer;
    const size = rows * tokens * width;
    const buffers: [Float32Array, Float32Array] = [this.buffer('x0', size), this.buffer('x1', size)];
    buffers[0].set(pass.hidden);
    // Rows that join later must be in both, whichever is current then.
    if (pass.from !== undefined) buffers[1].set(pass.hidden);
    const result: PassResult = {
      logits: new Float32Array(0),
      hidden: new Map(),
      attention: new Map(),
      experts: new Map(),
    };
    const features = pass.prompts?.map((prompt) => prompt.deepstack);
    let current: 0 | 1 = 0;
    let active = 0;
    let chunks: Chunk[] = [];
    let broken: number | undefined;

    for (let layer = 0; layer < this.spec.layers; layer++) {
      throwIfCancelled(pass.signal);
      const plan = plans[layer]!;
      const here = pass.from === undefined ? rows : countUpTo(pass.from, layer);
      if (here === 0) continue;
      if (here !== active) {
        active = here;
        chunks = this.chunksOf(pass, active, buffers);
      }
      const hidden = buffers[current];
      editStates(plan, layer, pass, hidden, width, features);
      if (capture?.hidden?.includes(layer)) result.hidden.set(layer, hidden.slice());
      if (!plan.skipped) {
        const weights = await this.pages.get(plan.checkpoint ?? this.checkpoint, layer, this.following(plans, layer));
        const attends = this.spec.mixers[layer] === 'attention';
        const few =
          active * tokens <= MOST_VECTORS
            ? await this.pages.fewOf(plan.checkpoint ?? this.checkpoint, layer, weights)
            : undefined;
        const kept =
          attends && capture?.attention?.includes(layer)
            ? new Float32Array(rows * this.spec.layer.heads * tokens * cache.capacity)
            : undefined;
        const given = mixerInput(plan, layer, pass, hidden, width, () => this.buffer('given', size));
        const routing = this.spec.mlps[layer] === 'experts' ? this.routing(rows * tokens) : undefined;
        const run: LayerRun = { pass, layer, plan, weights, few, current, given, kept, routing };
        for (const chunk of chunks) {
          throwIfCancelled(pass.signal);
          if (!attends) await this.recur(chunk, run);
          else {
            await this.project(chunk, run);
            if (!this.looksAhead(chunks)) await this.attend(chunk, run);
          }
        }
        if (attends && this.looksAhead(chunks)) for (const chunk of chunks) await this.attend(chunk, run);
        if (kept) result.attention.set(layer, kept);
        current = current === 0 ? 1 : 0;
        if (routing) {
          if (capture?.experts?.includes(layer)) result.experts.set(layer, routing.chosen.slice());
          const checkpoint = plan.checkpoint ?? this.checkpoint;
          await this.experts.add({ pass, layer, rows: active, plan, checkpoint, routing, output: buffers[current] });
        }
        if (broken === undefined && !finite(buffers[current], active, tokens, width)) broken = layer;
      }
      // Not part of the layer: a skipped one is followed by them too.
      addFeatures(features, layer, pass, buffers[current], width, active);
      pass.onLayer?.(layer);
    }
    const last = buffers[current];
    if (capture?.hidden?.includes(this.spec.layers)) result.hidden.set(this.spec.layers, last.slice());
    if (broken !== undefined) {
      throw new FrankensteinError(
        'malformed',
        `The model's states are not finite (NaN or infinite) from layer ${broken} on: a weight of that layer, ` +
          'or of what comes before it, is broken.',
      );
    }
    result.logits = await this.logits(last, rows, tokens);
    return result;
  }

  /** The layer whose weights will be asked for after `layer`; the first again after the last. */
  private following(plans: readonly LayerPlan[], layer: number): { checkpoint: Checkpoint; layer: number } | undefined {
    for (let step = 1; step <= plans.length; step++) {
      const next = (layer + step) % plans.length;
      if (!plans[next]!.skipped)
        return next === layer ? undefined : { checkpoint: plans[next]!.checkpoint ?? this.checkpoint, layer: next };
    }
    return undefined;
  }

  private chunksOf(pass: Pass, rows: number, buffers: readonly [Float32Array, Float32Array]): Chunk[] {
    const { tokens, cache } = pass;
    const perToken = tokenBytes(this.spec.layer, cache.capacity);
    const fitting = Math.max(1, Math.floor(this.activationBytes / perToken));
    const rowsAtOnce = Math.min(rows, Math.floor(fitting / tokens));
    const ranges: { row: number; rows: number; token: number; tokens: number }[] = [];
    for (let row = 0; row < rows; row += Math.max(1, rowsAtOnce)) {
      if (rowsAtOnce >= 1) ranges.push({ row, rows: Math.min(rowsAtOnce, rows - row), token: 0, tokens });
      // A row too long for the bound goes through in pieces, each of which sees those before it in the cache.
      else
        for (let token = 0; token < tokens; token += fitting)
          ranges.push({ row, rows: 1, token, tokens: Math.min(fitting, tokens - token) });
    }
    return ranges.map((range) => this.chunk(pass, range, buffers, rows === cache.rows && ranges.length === 1));
  }

  /** Whether tokens see later ones that are in another chunk: keys and values of all come before any attention. */
  private looksAhead(chunks: readonly Chunk[]): boolean {
    return this.spec.imagesWhole && chunks.some(({ token }) => token > 0);
  }

  private chunk(
    pass: Pass,
    range: { row: number; rows: number; token: number; tokens: number },
    buffers: readonly [Float32Array, Float32Array],
    whole: boolean,
  ): Chunk {
    const { hidden, heads, kvHeads, headDim, rotated, outputGate } = this.spec.layer;
    const { row, rows, token, tokens } = range;
    const over = (values: Float32Array | Int32Array, perToken: number) => {
      const begin = (row * pass.tokens + token) * perToken;
      const own = values.subarray(begin, begin + rows * tokens * perToken);
      const dims = [rows, tokens, perToken];
      return own instanceof Int32Array ? new ort.Tensor('int32', own, dims) : new ort.Tensor('float32', own, dims);
    };
    const made = (name: string, dims: number[]) =>
      new ort.Tensor(
        'float32',
        this.buffer(
          name,
          dims.reduce((all, size) => all * size, 1),
        ),
        dims,
      );
    const angles = ({ cos, sin }: { cos: Float32Array; sin: Float32Array }) => ({
      cos: over(cos, rotated / 2),
      sin: over(sin, rotated / 2),
    });
    const direct = whole && pass.slot === 0 && pass.tokens === pass.cache.capacity;
    return {
      ...range,
      over,
      x: [over(buffers[0], hidden), over(buffers[1], hidden)],
      // Queries of all chunks are kept where attention waits for the last of them.
      q: made(this.spec.imagesWhole && tokens < pass.tokens ? `q ${row} ${token}` : 'q', [
        rows,
        heads,
        tokens,
        headDim,
      ]),
      gate: outputGate ? made('gate', [rows, heads, tokens, headDim]) : null,
      angles: angles(pass),
      slidingAngles: angles(pass.sliding ?? pass),
      fresh: direct
        ? null
        : { k: made('k', [rows, kvHeads, tokens, headDim]), v: made('v', [rows, kvHeads, tokens, headDim]) },
      masks: new Map(),
    };
  }

  /** Queries, keys and values of a layer with attention; the latter into the cache. */
  private async project(chunk: Chunk, run: LayerRun): Promise<void> {
    const { pass, layer, plan } = run;
    const { cache } = pass;
    const { k, v } = chunk.fresh ?? cache.tensors(layer, chunk.rows, chunk.row);
    await this.projected(chunk, run, { q: chunk.q, k, v, ...(chunk.gate ? { gate: chunk.gate } : {}) });
    if (chunk.fresh)
      cache.write(
        layer,
        chunk.row,
        chunk.rows,
        pass.slot + chunk.token,
        chunk.tokens,
        k.data as Float32Array,
        v.data as Float32Array,
      );
    swapKeysAndValues(plan, layer, pass, chunk);
  }

  /** Runs the product and what makes heads of it. */
  private async projected(
    chunk: Chunk,
    { layer, weights, few, given }: LayerRun,
    results: Record<string, ort.Tensor>,
  ): Promise<void> {
    const { layer: shape, windows } = this.spec;
    const x = chunk.over(given, shape.hidden);
    const angles = windows[layer] === null ? chunk.angles : chunk.slidingAngles;
    if (few === undefined) {
      const feeds = { x, ...angles, ...weights.projection };
      return this.sessions.run(`projection ${this.format}`, () => projectionGraph(shape, this.format), feeds, results);
    }
    const count = chunk.rows * chunk.tokens;
    const width = projectedHeads(shape) * shape.headDim;
    const projected = this.buffer('projected', count * width);
    projectFew(shape, few, x.data as Float32Array, count, projected);
    const { qNorm, kNorm } = weights.projection;
    const feeds = {
      projected: new ort.Tensor('float32', projected, [chunk.rows, chunk.tokens, width]),
      ...angles,
      ...(qNorm && kNorm ? { qNorm, kNorm } : {}),
    };
    return this.sessions.run('heads', () => headsGraph(shape), feeds, results);
  }

  /** Attention over what the cache holds, output projection, MLP. */
  private async attend(chunk: Chunk, run: LayerRun): Promise<void> {
    const { pass, layer, plan, weights, few, current, kept, routing } = run;
    const { layer: shape } = this.spec;
    const { cache } = pass;
    const { k, v } = cache.tensors(layer, chunk.rows, chunk.row);
    const [x, y] = [chunk.x[current], chunk.x[current === 0 ? 1 : 0]];
    const feeds = {
      q: chunk.q,
      k,
      v,
      mask: this.mask(pass, chunk, layer),
      ...(chunk.gate ? { gate: chunk.gate } : {}),
    };
    const dims = [chunk.rows, shape.heads, chunk.tokens, cache.capacity];
    const made = kept && new ort.Tensor('float32', this.buffer('weights', product(dims)), dims);
    const results: Record<string, ort.Tensor> = made ? { weights: made } : {};
    const [gates, also] = [gatesFeed(plan, cache.rows, chunk), made ? ' weights' : ''];
    if (few === undefined) {
      const [gated, routed] = [plan.gates !== undefined, routing !== undefined];
      await this.sessions.run(
        `block ${this.format}${gated ? ' gated' : ''}${also}${routed ? ' routed' : ''}`,
        () => blockGraph(shape, { format: this.format, gated, weights: made !== undefined, routed }),
        { x, ...feeds, ...gates, ...weights.block },
        { y, ...results, ...routedResults(chunk, shape, routing) },
      );
    } else {
      const width = shape.heads * shape.headDim;
      const count = chunk.rows * chunk.tokens;
      const mixed = this.buffer('attended', count * width);
      await this.sessions.run(`attention${also}`, () => attentionGraph(shape, { weights: made !== undefined }), feeds, {
        mixed: new ort.Tensor('float32', mixed, [chunk.rows, chunk.tokens, width]),
        ...results,
      });
      const parts = { x: x.data as Float32Array, mixed, y: y.data as Float32Array };
      finishFew(shape, few, { ...parts, gates: (gates.gates?.data as Float32Array | undefined) ?? null }, count);
    }
    if (kept && made) storeWeights(made.data, kept, chunk, pass.tokens, shape.heads, cache.capacity);
  }

  /** A layer that carries a state: from what the tokens before this chunk left, to what its own leave. */
  private async recur(chunk: Chunk, run: LayerRun): Promise<void> {
    const { pass, layer, plan, weights, current, given, routing } = run;
    const {
      layer: shape,
      layer: { hidden },
    } = this.spec;
    const linear = shape.linear!;
    const { recurrent } = pass.cache;
    const { rows, tokens } = chunk;
    const { values, convolution, recurrence } = linearSizes(linear);
    const before = recurrent.tensors(layer, rows, chunk.row);
    const mixed = new ort.Tensor('float32', this.buffer('mixed', rows * tokens * values), [rows, tokens, values]);
    const after = {
      convolution: this.buffer('convolution', rows * convolution),
      recurrence: this.buffer('recurrence', rows * recurrence),
    };
    await this.sessions.run(
      `recurrence ${this.format}`,
      () => recurrenceGraph(shape, linear, this.format),
      { x: chunk.over(given, hidden), valid: validOf(pass, chunk), ...before, ...weights.projection },
      {
        mixed,
        nextConvolution: new ort.Tensor('float32', after.convolution, before.convolution.dims),
        nextRecurrence: new ort.Tensor('float32', after.recurrence, before.recurrence.dims),
      },
    );
    recurrent.write(layer, chunk.row, after);
    const [gated, routed] = [plan.gates !== undefined, routing !== undefined];
    await this.sessions.run(
      `recurrence output ${this.format}${gated ? ' gated' : ''}${routed ? ' routed' : ''}`,
      () => recurrenceOutputGraph(shape, linear, { format: this.format, gated, routed }),
      { x: chunk.x[current], mixed, ...gatesFeed(plan, pass.cache.rows, chunk), ...weights.block },
      { y: chunk.x[current === 0 ? 1 : 0], ...routedResults(chunk, shape, routing) },
    );
  }

  /** Memory for what a router gives to so many tokens. */
  private routing(tokens: number): Routing {
    const { hidden, experts } = this.spec.layer;
    const size = tokens * experts!.chosen;
    // Four bytes each, whatever they hold.
    const chosen = this.buffer('chosen', size);
    return {
      normed: this.buffer('normed', tokens * hidden),
      scores: this.buffer('scores', size),
      chosen: new Int32Array(chosen.buffer, chosen.byteOffset, size),
    };
  }

  private mask(pass: Pass, chunk: Chunk, layer: number): ort.Tensor {
    const window = this.spec.windows[layer]!;
    let mask = chunk.masks.get(window);
    if (mask === undefined) {
      const { capacity } = pass.cache;
      const { values, rows } = attentionMask({
        starts: pass.starts,
        firstRow: chunk.row,
        rows: chunk.rows,
        slot: pass.slot + chunk.token,
        tokens: chunk.tokens,
        capacity,
        window,
        ends: this.spec.imagesWhole
          ? pass.prompts?.map(({ visual }, row) => imageEnds(visual, pass.starts[row]!, capacity))
          : undefined,
      });
      mask = new ort.Tensor('float32', values, [rows, 1, chunk.tokens, capacity]);
      chunk.masks.set(window, mask);
    }
    return mask;
  }

  private async logits(hidden: Float32Array, rows: number, tokens: number): Promise<Float32Array> {
    const { hidden: width, epsilon } = this.spec.layer;
    const last = this.buffer('last', rows * width);
    for (let row = 0; row < rows; row++)
      last.set(hidden.subarray(((row + 1) * tokens - 1) * width, (row + 1) * tokens * width), row * width);
    const few = rows <= MOST_VECTORS ? await this.head.fewOf() : undefined;
    if (few)
      return capped(few.products.multiply('head', normed(last, few.norm, epsilon), rows).slice(), this.spec.softcap);
    const x = new ort.Tensor('float32', last, [rows, width]);
    const { vocabulary } = this.spec;
    const logits = new Float32Array(rows * vocabulary);
    for await (const { first, count, feeds } of this.head.blocks()) {
      const part = count === vocabulary ? logits : this.buffer('logits', rows * count);
      await this.sessions.run(
        `head ${this.head.format}`,
        () =>
          headGraph({
            hidden: width,
            epsilon,
            format: this.head.format,
            blockRows: this.head.blockRows,
            softcap: this.spec.softcap,
          }),
        { x, ...feeds },
        { logits: new ort.Tensor('float32', part, [rows, count]) },
      );
      if (part !== logits)
        for (let row = 0; row < rows; row++)
          logits.set(part.subarray(row * count, (row + 1) * count), row * vocabulary + first);
    }
    return logits;
  }

  /** Memory that lives from pass to pass under this name, at least `size` numbers; grows, never shrinks. */
  private buffer(name: string, size: number): Float32Array {
    let buffer = this.scratch.get(name);
    if (buffer === undefined || buffer.length < size) {
      buffer = new Float32Array(size);
      this.scratch.set(name, buffer);
    }
    return buffer.length === size ? buffer : buffer.subarray(0, size);
  }
}

/**
 * Bytes that one token of a chunk needs in between, by the graphs' largest moments, when the cache has `capacity`
 * slots.
 */
export function tokenBytes(shape: LayerShape, capacity: number): number {
  const { hidden, heads, kvHeads, headDim, inner, linear, experts } = shape;
  const projections = hidden + 3 * (queryHeads(shape) + 2 * kvHeads) * headDim;
  const attention = 3 * heads * capacity + 3 * heads * headDim + 2 * hidden;
  const recurrence = linear ? 2 * hidden + 3 * linearSizes(linear).projected : 0;
  const mlp = 3 * hidden + 5 * Math.max(inner, experts?.shared ?? 0) + 2 * (experts?.count ?? 0);
  return 4 * Math.max(projections, attention, recurrence, mlp);
}

/** cap·tanh(logits / cap), in place. */
function capped(logits: Float32Array, cap: number | null): Float32Array {
  if (cap !== null)
    for (let index = 0; index < logits.length; index++) logits[index] = cap * Math.tanh(logits[index]! / cap);
  return logits;
}

function countUpTo(sorted: Int32Array, layer: number): number {
  let count = 0;
  while (count < sorted.length && sorted[count]! <= layer) count++;
  return count;
}

/** [rows, tokens, 1]: 1 for tokens of the prompt, 0 for the padding before it. */
function validOf(pass: Pass, chunk: Chunk): ort.Tensor {
  chunk.valid ??= new ort.Tensor(
    'float32',
    Float32Array.from({ length: chunk.rows * chunk.tokens }, (_, index) => {
      const row = chunk.row + Math.floor(index / chunk.tokens);
      return pass.slot + chunk.token + (index % chunk.tokens) >= pass.starts[row]! ? 1 : 0;
    }),
    [chunk.rows, chunk.tokens, 1],
  );
  return chunk.valid;
}

/** Where the graph of a layer with experts writes what its router gives. */
function routedResults(
  chunk: Chunk,
  { hidden, experts }: LayerShape,
  routing: Routing | undefined,
): Record<string, ort.Tensor> {
  if (routing === undefined) return {};
  const { chosen } = experts!;
  return {
    normed: chunk.over(routing.normed, hidden),
    scores: chunk.over(routing.scores, chosen),
    chosen: chunk.over(routing.chosen, chosen),
  };
}

/** The gates of a chunk's rows, where the plan has some. */
function gatesFeed({ gates }: LayerPlan, rows: number, chunk: Chunk): { gates?: ort.Tensor } {
  return gates ? { gates: gatesOf(gates, rows, chunk) } : {};
}

function gatesOf(gates: Float32Array, rows: number, chunk: Chunk): ort.Tensor {
  const values = new Float32Array(2 * chunk.rows);
  values.set(gates.subarray(chunk.row, chunk.row + chunk.rows));
  values.set(gates.subarray(rows + chunk.row, rows + chunk.row + chunk.rows), chunk.rows);
  return new ort.Tensor('float32', values, [2, chunk.rows, 1, 1]);
}

function storeWeights(
  values: Float32Array,
  kept: Float32Array,
  chunk: Chunk,
  tokens: number,
  heads: number,
  capacity: number,
): void {
  for (let index = 0; index < chunk.rows * heads; index++) {
    const part = values.subarray(index * chunk.tokens * capacity, (index + 1) * chunk.tokens * capacity);
    kept.set(part, ((chunk.row * heads + index) * tokens + chunk.token) * capacity);
  }
}

/** Adds what the family adds to visual tokens after this layer. */
function addFeatures(
  features: readonly (readonly Float32Array[])[] | undefined,
  layer: number,
  pass: Pass,
  hidden: Float32Array,
  width: number,
  rows: number,
): void {
  for (let row = 0; row < rows; row++) {
    const added = features?.[row]?.[layer];
    if (added === undefined) continue;
    const { visual } = pass.prompts![row]!;
    visual.forEach((token, index) => {
      const location = pass.starts[row]! + token - pass.slot;
      if (location < 0) return;
      const at = (row * pass.tokens + location) * width;
      for (let axis = 0; axis < width; axis++) hidden[at + axis] = hidden[at + axis]! + added[index * width + axis]!;
    });
  }
}

/** Looks at each row's last token, which sees all tokens before it, so that a broken state anywhere shows there. */
function finite(hidden: Float32Array, rows: number, tokens: number, width: number): boolean {
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * tokens * width;
    let sum = 0;
    for (let index = end - width; index < end; index++) sum += hidden[index]!;
    if (!Number.isFinite(sum)) return false;
  }
  return true;
}
