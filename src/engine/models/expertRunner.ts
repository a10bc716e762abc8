/** Runs the experts that a pass's tokens chose: each once, over all of its tokens, and adds what it gives. */
import * as ort from 'onnxruntime-node';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { throwIfCancelled } from '../errors.js';
import type { ExpertPages } from './expertPages.js';
import { expertGraph } from './graphs/experts.js';
import type { WeightFormat } from './graphs/ops.js';
import type { LayerPlan } from './interventions.js';
import type { Pass } from './passRequest.js';
import type { Sessions } from './sessions.js';
import type { LanguageSpec } from './spec.js';

/** What a layer's router gave, over the whole pass. */
export interface Routing {
  /** [rows, tokens, hidden]: what experts are given. */
  normed: Float32Array;
  /** [rows, tokens, chosen]. */
  scores: Float32Array;
  chosen: Int32Array;
}

/** A layer whose experts are to run. */
export interface RoutedLayer {
  pass: Pass;
  layer: number;
  /** Rows that run it. */
  rows: number;
  plan: LayerPlan;
  checkpoint: Checkpoint;
  routing: Routing;
  /** [rows, tokens, hidden]: the layer's output, to which experts add. */
  output: Float32Array;
}

export class ExpertRunner {
  constructor(
    private readonly spec: LanguageSpec,
    private readonly format: WeightFormat,
    private readonly pages: ExpertPages,
    private readonly sessions: Sessions,
    /** Bytes that results in between may take. */
    private readonly activationBytes: number,
    /** Memory that lives from pass to pass under a name. */
    private readonly buffer: (name: string, size: number) => Float32Array,
  ) {}

  /** @throws `cancelled`, and what reading experts throws */
  async add(layer: RoutedLayer): Promise<void> {
    const { pass, checkpoint } = layer;
    const byExpert = pairsOf(layer, this.spec.layer.experts!.count, this.spec.layer.experts!.chosen);
    const places = [...byExpert.keys()]
      .sort((one, other) => one - other)
      .map((expert) => ({ checkpoint, layer: layer.layer, expert }));
    for (const [index, place] of places.entries()) {
      throwIfCancelled(pass.signal);
      const weights = await this.pages.get(place, places[index + 1]);
      const pairs = byExpert.get(place.expert)!;
      for (let first = 0; first < pairs.length; first += this.atOnce)
        await this.run(layer, pairs.slice(first, first + this.atOnce), weights);
    }
  }

  private get atOnce(): number {
    const { hidden, experts } = this.spec.layer;
    return Math.max(1, Math.floor(this.activationBytes / (4 * (3 * hidden + 5 * experts!.inner))));
  }

  /** One expert over some of its tokens. @param pairs indices into `chosen` */
  private async run(
    { routing: { normed, scores }, output }: RoutedLayer,
    pairs: readonly number[],
    { feeds, inputsFirst }: Awaited<ReturnType<ExpertPages['get']>>,
  ): Promise<void> {
    const { hidden, experts } = this.spec.layer;
    const { chosen } = experts!;
    const tokenOf = (pair: number) => Math.floor(pair / chosen);
    const [x, y] = [this.buffer('expert x', pairs.length * hidden), this.buffer('expert y', pairs.length * hidden)];
    const score = Float32Array.from(pairs, (pair) => scores[pair]!);
    pairs.forEach((pair, index) => {
      const from = tokenOf(pair) * hidden;
      x.set(normed.subarray(from, from + hidden), index * hidden);
    });
    const dims = [pairs.length, hidden];
    await this.sessions.run(
      `expert ${this.format}${inputsFirst ? ' inputs first' : ''}`,
      () => expertGraph(this.spec.layer, { format: this.format, inputsFirst }),
      { x: new ort.Tensor('float32', x, dims), score: new ort.Tensor('float32', score, [pairs.length, 1]), ...feeds },
      { y: new ort.Tensor('float32', y, dims) },
    );
    pairs.forEach((pair, index) => {
      const to = tokenOf(pair) * hidden;
      for (let axis = 0; axis < hidden; axis++) output[to + axis] = output[to + axis]! + y[index * hidden + axis]!;
    });
  }
}

/** For every expert that some token chose: where in `chosen`. Padding, and rows whose MLP adds nothing, choose none. */
function pairsOf({ pass, rows, plan, routing }: RoutedLayer, count: number, chosen: number): Map<number, number[]> {
  const pairs = new Map<number, number[]>();
  for (let row = 0; row < rows; row++) {
    if (plan.gates?.[pass.cache.rows + row] === 0) continue;
    const without = withoutExperts(plan, row, count);
    for (let token = Math.max(0, pass.starts[row]! - pass.slot); token < pass.tokens; token++) {
      for (let place = 0; place < chosen; place++) {
        const pair = (row * pass.tokens + token) * chosen + place;
        const expert = routing.chosen[pair]!;
        if (without.has(expert)) continue;
        const own = pairs.get(expert);
        if (own) own.push(pair);
        else pairs.set(expert, [pair]);
      }
    }
  }
  return pairs;
}

/** Experts that add nothing to a row. */
function withoutExperts({ withoutExperts: skipped }: LayerPlan, row: number, count: number): ReadonlySet<number> {
  const without = new Set<number>();
  for (const { experts, rows } of skipped)
    if (rows.includes(row)) for (const expert of experts ?? Array(count).keys()) without.add(expert);
  return without;
}
