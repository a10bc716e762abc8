/**
 * What a batch carries from token to token, layer by layer: keys and values `[rows, kvHeads, capacity, headDim]`,
 * filled from slot 0 on, or the state of a layer without attention.
 */
import * as ort from 'onnxruntime-node';
import { type CacheShape, RecurrentStates, recurrentBytes } from './recurrent.js';

interface LayerCache {
  k: Float32Array;
  v: Float32Array;
  kTensor: ort.Tensor;
  vTensor: ort.Tensor;
}

/** Slots added at once when the cache is full: a quarter more, at least this many. */
const GROWTH = 32;

export class KvCache {
  /** Undefined for layers without attention. */
  private layers: (LayerCache | undefined)[];
  /** Of those layers. */
  readonly recurrent: RecurrentStates;

  constructor(
    readonly shape: CacheShape,
    private readonly rowCount: number,
    private slots: number,
  ) {
    this.layers = shape.mixers.map((mixer) => (mixer === 'attention' ? this.allocate(rowCount, slots) : undefined));
    this.recurrent = new RecurrentStates(shape, rowCount);
  }

  get rows(): number {
    return this.rowCount;
  }

  get capacity(): number {
    return this.slots;
  }

  get bytes(): number {
    return cacheBytes(this.shape, this.rowCount, this.slots);
  }

  private allocate(rows: number, slots: number): LayerCache {
    const { kvHeads, headDim } = this.shape.layer;
    const dims = [rows, kvHeads, slots, headDim];
    const [k, v] = [
      new Float32Array(rows * kvHeads * slots * headDim),
      new Float32Array(rows * kvHeads * slots * headDim),
    ];
    return { k, v, kTensor: new ort.Tensor('float32', k, dims), vTensor: new ort.Tensor('float32', v, dims) };
  }

  /** `rows` rows of a layer with attention, from row `from` on, as tensors over the cache's own memory. */
  tensors(layer: number, rows = this.rowCount, from = 0): { k: ort.Tensor; v: ort.Tensor } {
    const { k, v, kTensor, vTensor } = this.layers[layer]!;
    if (rows === this.rowCount) return { k: kTensor, v: vTensor };
    const { kvHeads, headDim } = this.shape.layer;
    const perRow = kvHeads * this.slots * headDim;
    const dims = [rows, kvHeads, this.slots, headDim];
    const view = (values: Float32Array) =>
      new ort.Tensor('float32', values.subarray(from * perRow, (from + rows) * perRow), dims);
    return { k: view(k), v: view(v) };
  }

  /** Makes room for `slots` slots. */
  reserve(slots: number): void {
    if (slots <= this.slots) return;
    const more = Math.max(slots, this.slots + Math.max(GROWTH, this.slots >> 2));
    // One layer at a time, so that old and new are never both whole.
    for (let layer = 0; layer < this.layers.length; layer++) {
      const own = this.layers[layer];
      if (own === undefined) continue;
      const grown = this.allocate(this.rowCount, more);
      for (let row = 0; row < this.rowCount; row++) copyRow(own, row, this.slots, grown, row, more, this.shape);
      this.layers[layer] = grown;
    }
    this.slots = more;
  }

  /** A new cache with only these rows, in this order. This cache is unchanged. */
  keep(rows: readonly number[]): KvCache {
    const kept = new KvCache(this.shape, rows.length, this.slots);
    this.layers.forEach((own, layer) =>
      rows.forEach((row, to) => {
        if (own) copyRow(own, row, this.slots, kept.layers[layer]!, to, this.slots, this.shape);
        else kept.recurrent.copy(layer, this.recurrent.now(layer), row, to);
      }),
    );
    return kept;
  }

  /** Stores keys and values `[rows, kvHeads, tokens, headDim]` of the rows from `firstRow` on, at `slot`. */
  write(
    layer: number,
    firstRow: number,
    rows: number,
    slot: number,
    tokens: number,
    k: Float32Array,
    v: Float32Array,
  ): void {
    const { kvHeads, headDim } = this.shape.layer;
    const own = this.layers[layer]!;
    const size = tokens * headDim;
    const heads = rows * kvHeads;
    for (let head = 0; head < heads; head++) {
      const target = ((firstRow * kvHeads + head) * this.slots + slot) * headDim;
      const source = head * size;
      if (size <= 256) {
        // A loop is faster than `set` for so few numbers.
        for (let index = 0; index < size; index++) {
          own.k[target + index] = k[source + index]!;
          own.v[target + index] = v[source + index]!;
        }
      } else {
        own.k.set(k.subarray(source, source + size), target);
        own.v.set(v.subarray(source, source + size), target);
      }
    }
  }

  /** Copies `count` slots of one row of another cache, all heads, keys and values. */
  copyFrom(
    other: KvCache,
    layer: number,
    from: { row: number; slot: number },
    to: { row: number; slot: number },
    count: number,
  ): void {
    const { kvHeads, headDim } = this.shape.layer;
    const [source, target] = [other.layers[layer]!, this.layers[layer]!];
    for (let head = 0; head < kvHeads; head++) {
      const begin = ((from.row * kvHeads + head) * other.slots + from.slot) * headDim;
      const at = ((to.row * kvHeads + head) * this.slots + to.slot) * headDim;
      target.k.set(source.k.subarray(begin, begin + count * headDim), at);
      target.v.set(source.v.subarray(begin, begin + count * headDim), at);
    }
  }
}

function copyRow(
  from: LayerCache,
  row: number,
  slots: number,
  to: LayerCache,
  toRow: number,
  toSlots: number,
  { layer: { kvHeads, headDim } }: CacheShape,
): void {
  for (let head = 0; head < kvHeads; head++) {
    const [source, target] = [(row * kvHeads + head) * slots * headDim, (toRow * kvHeads + head) * toSlots * headDim];
    to.k.set(from.k.subarray(source, source + slots * headDim), target);
    to.v.set(from.v.subarray(source, source + slots * headDim), target);
  }
}

/** Bytes of a cache with this many rows and slots. */
export function cacheBytes(shape: CacheShape, rows: number, slots: number): number {
  const { mixers, layer } = shape;
  const attending = mixers.filter((mixer) => mixer === 'attention').length;
  return attending * 2 * rows * layer.kvHeads * slots * layer.headDim * 4 + recurrentBytes(shape, rows);
}
