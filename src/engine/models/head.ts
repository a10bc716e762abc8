/**
 * The two ends of the vocabulary. The head is a matrix of up to gigabytes: kept when it fits, else brought in by blocks
 * of rows. Embeddings of a prompt are few rows of theirs, read by byte range.
 */
import * as ort from 'onnxruntime-node';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { readElements, readInto } from '../tensors/elements.js';
import { blockRowsOf, type WeightFormat } from './graphs/ops.js';
import { holds, Products } from './products/products.js';
import type { LanguageSpec } from './spec.js';
import { tensorOf } from './stored.js';
import { type Allocate, type Feeds, readParts, reusing } from './weights.js';

interface HeadBlock {
  /** First row of the vocabulary, and how many. */
  first: number;
  count: number;
  feeds: Feeds;
}

export class HeadPages {
  private norm: ort.Tensor | undefined;
  private kept: HeadBlock[] | undefined;
  private readonly stored: Tensor;
  private readonly allocate: Allocate;
  /** All rows, to be multiplied with few vectors. */
  private products: Promise<Products> | undefined;
  private filled = false;
  /** Rows that a graph widens at once; what `blocks` gives are multiples of them, or 0. */
  readonly blockRows: number;

  /**
   * @param rowsAtOnce rows of the vocabulary brought in at once. `keep`: all blocks stay. `few`: it is bf16, stays, and is
   * also there for few vectors.
   */
  constructor(
    private readonly spec: LanguageSpec,
    private readonly checkpoint: Checkpoint,
    readonly format: WeightFormat,
    private readonly rowsAtOnce: number,
    private readonly keep: boolean,
    private readonly few = false,
  ) {
    this.blockRows = blockRowsOf(spec.vocabulary, spec.layer.hidden);
    this.stored = tensorOf(checkpoint, spec.head);
    this.allocate = keep ? (_, make, size) => new make(size) : reusing();
  }

  /** The blocks in order; together they are the whole vocabulary. */
  async *blocks(): AsyncGenerator<HeadBlock> {
    if (this.kept) return yield* this.kept;
    const kept: HeadBlock[] = [];
    const norm = await this.readNorm();
    for (let first = 0; first < this.spec.vocabulary; first += this.rowsAtOnce) {
      const count = Math.min(this.rowsAtOnce, this.spec.vocabulary - first);
      const block = { first, count, feeds: { norm, head: await this.read(first, count) } };
      if (this.keep) kept.push(block);
      yield block;
    }
    if (this.keep) this.kept = kept;
  }

  /** For few vectors: the whole head and the norm before it. Undefined where it has to run in graphs. */
  async fewOf(): Promise<{ products: Products; norm: Float32Array } | undefined> {
    const {
      vocabulary,
      layer: { hidden },
    } = this.spec;
    const matrices = [{ input: 'head', rows: vocabulary, columns: hidden }];
    if (!this.few || !holds(matrices)) return undefined;
    const products = await (this.products ??= Products.of(matrices));
    if (!this.filled) {
      const halves = products.allocate('head', Uint16Array, vocabulary * hidden);
      await readInto(this.stored, 0, new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength));
      this.filled = true;
    }
    return { products, norm: (await this.readNorm()).data as Float32Array };
  }

  private async readNorm(): Promise<ort.Tensor> {
    const { root, layer } = this.spec;
    const part = { input: 'norm', names: [`${root}.norm.weight`], dims: [layer.hidden], plusOne: layer.unitNorms };
    return (this.norm ??= (await readParts(this.checkpoint, [part], 'F32'))['norm']!);
  }

  private async read(first: number, count: number): Promise<ort.Tensor> {
    const { hidden } = this.spec.layer;
    const size = count * hidden;
    if (this.format === 'BF16') {
      // The same memory serves both.
      const few = await this.fewOf();
      if (few) {
        const halves = few.products.allocate('head', Uint16Array, this.spec.vocabulary * hidden);
        return new ort.Tensor('uint16', halves.subarray(first * hidden, (first + count) * hidden), [count, hidden]);
      }
    }
    if (this.format !== 'F32') {
      const halves = this.allocate('head', Uint16Array, size);
      await readInto(this.stored, first * hidden, new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength));
      return new ort.Tensor('uint16', halves, [count, hidden]);
    }
    const values = this.allocate('head', Float32Array, size);
    await readElements(this.stored, first * hidden, values);
    return new ort.Tensor('float32', values, [count, hidden]);
  }
}

/** Rows kept of those read; a prompt's tokens come again and again. Bytes. */
export const EMBEDDING_BYTES = 16 << 20;

export class Embeddings {
  private readonly stored: Tensor;
  private readonly remembered = new Map<number, Float32Array>();

  constructor(
    private readonly spec: LanguageSpec,
    checkpoint: Checkpoint,
  ) {
    this.stored = tensorOf(checkpoint, `${spec.root}.embed_tokens.weight`);
  }

  /** Writes the embedding of each id, `[ids, hidden]`, at `target`. Ids are within the vocabulary. */
  async write(ids: Int32Array, target: Float32Array): Promise<void> {
    const { hidden } = this.spec.layer;
    const missing = [...new Set(ids)].filter((id) => !this.remembered.has(id));
    if (4 * hidden * (this.remembered.size + missing.length) > EMBEDDING_BYTES) {
      this.remembered.clear();
      missing.splice(0, missing.length, ...new Set(ids));
    }
    await this.read(missing);
    ids.forEach((id, index) => target.set(this.remembered.get(id)!, index * hidden));
  }

  private async read(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const { hidden } = this.spec.layer;
    const scale = this.spec.embeddingScale;
    for (const id of ids) {
      const values = new Float32Array(hidden);
      await readElements(this.stored, id * hidden, values);
      if (scale !== 1) for (let axis = 0; axis < hidden; axis++) values[axis] = values[axis]! * scale;
      this.remembered.set(id, values);
    }
  }
}
