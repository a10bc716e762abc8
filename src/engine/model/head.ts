/**
 * The two ends of the vocabulary. The head is a matrix of up to gigabytes: kept when it fits, else brought in by blocks
 * of rows. Embeddings of a prompt are few rows of theirs, read by byte range.
 */
import { open } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../checkpoint/decode.js';
import { fileError } from '../checkpoint/failure.js';
import { readBytes, readFully } from '../checkpoint/read.js';
import type { WeightFormat } from './graphs/ops.js';
import { type LanguageSpec, tensorOf } from './spec.js';
import { type Feeds, readParts, widen } from './weights.js';

interface HeadBlock {
  /** First row of the vocabulary, and how many. */
  first: number;
  count: number;
  feeds: Feeds;
}

export class HeadPages {
  private norm: ort.Tensor | undefined;
  private kept: HeadBlock[] | undefined;
  private readonly stored: StoredTensor;

  /** @param blockRows rows of the vocabulary brought in at once. `keep`: all blocks stay. */
  constructor(
    private readonly spec: LanguageSpec,
    private readonly checkpoint: Checkpoint,
    readonly format: WeightFormat,
    private readonly blockRows: number,
    private readonly keep: boolean,
  ) {
    this.stored = tensorOf(checkpoint, spec.head);
  }

  /** The blocks in order; together they are the whole vocabulary. */
  async *blocks(): AsyncGenerator<HeadBlock> {
    if (this.kept) return yield* this.kept;
    const kept: HeadBlock[] = [];
    this.norm ??= (await readParts(this.checkpoint, [{ input: 'norm', names: [`${this.spec.root}.norm.weight`], dims: [this.spec.layer.hidden] }], 'F32'))['norm']!;
    for (let first = 0; first < this.spec.vocabulary; first += this.blockRows) {
      const count = Math.min(this.blockRows, this.spec.vocabulary - first);
      const block = { first, count, feeds: { norm: this.norm, head: await this.read(first, count) } };
      if (this.keep) kept.push(block);
      yield block;
    }
    if (this.keep) this.kept = kept;
  }

  private async read(first: number, count: number): Promise<ort.Tensor> {
    const { hidden } = this.spec.layer;
    const width = DTYPE_BYTES[this.stored.dtype] * hidden;
    const bytes = await readBytes(this.stored, first * width, (first + count) * width);
    if (this.format !== 'F32') return new ort.Tensor('uint16', new Uint16Array(bytes.buffer), [count, hidden]);
    const values = new Float32Array(count * hidden);
    widen(this.stored, bytes, values);
    return new ort.Tensor('float32', values, [count, hidden]);
  }
}

/** Rows kept of those read; a prompt's tokens come again and again. */
const REMEMBERED = 4096;

export class Embeddings {
  private readonly stored: StoredTensor;
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
    if (this.remembered.size + missing.length > REMEMBERED) {
      this.remembered.clear();
      missing.splice(0, missing.length, ...new Set(ids));
    }
    await this.read(missing);
    ids.forEach((id, index) => target.set(this.remembered.get(id)!, index * hidden));
  }

  private async read(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const { hidden } = this.spec.layer;
    const { realPath } = this.stored.shard;
    const width = DTYPE_BYTES[this.stored.dtype] * hidden;
    try {
      const handle = await open(realPath, 'r');
      try {
        for (const id of ids) {
          const begin = this.stored.begin + id * width;
          const values = new Float32Array(hidden);
          widen(this.stored, await readFully(handle, realPath, begin, begin + width), values);
          this.remembered.set(id, values);
        }
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw fileError(error, realPath);
    }
  }
}
