/**
 * States of the layers without attention: per row the last inputs of the convolution, `[kernel - 1, channels]`, and a
 * matrix per value head, `[valueHeads, keyDim, valueDim]`. Unlike keys and values, a token overwrites them. Those at
 * the prompt's end are kept apart once they are sealed, because branches start from them after decoding has gone on.
 */
import * as ort from 'onnxruntime-node';
import type { LayerShape } from './graphs/language.js';
import { linearSizes } from './graphs/linearShape.js';
import type { Mixer } from './mixers.js';

/** What of a model its caches depend on. */
export interface CacheShape {
  mixers: readonly Mixer[];
  layer: Pick<LayerShape, 'kvHeads' | 'headDim' | 'linear'>;
}

export interface LayerStates {
  /** All rows. */
  convolution: Float32Array;
  recurrence: Float32Array;
}

export class RecurrentStates {
  private readonly live: (LayerStates | undefined)[];
  private sealed: (LayerStates | undefined)[] = [];
  /** Numbers per row. */
  private readonly sizes: Record<keyof LayerStates, number>;

  /** Zeros, which stand for nothing seen yet. */
  constructor(
    private readonly shape: CacheShape,
    rows: number,
  ) {
    const { linear } = shape.layer;
    this.sizes = linear ? linearSizes(linear) : { convolution: 0, recurrence: 0 };
    const { convolution, recurrence } = this.sizes;
    this.live = shape.mixers.map((mixer) =>
      mixer === 'linear'
        ? { convolution: new Float32Array(rows * convolution), recurrence: new Float32Array(rows * recurrence) }
        : undefined,
    );
  }

  /** What a layer holds after the last token. */
  now(layer: number): LayerStates {
    return this.live[layer]!;
  }

  /** What it held when it was sealed. */
  atPromptEnd(layer: number): LayerStates {
    return this.sealed[layer] ?? this.live[layer]!;
  }

  /** From now on what is held stays as it is beside what later tokens make of it. */
  seal(): void {
    this.sealed = [...this.live];
  }

  /** `rows` rows of a layer, from row `from` on, as tensors over this memory: to be read, not written. */
  tensors(layer: number, rows: number, from: number): { convolution: ort.Tensor; recurrence: ort.Tensor } {
    const { kernel, valueHeads, keyDim, valueDim } = this.shape.layer.linear!;
    const own = this.live[layer]!;
    const view = (part: keyof LayerStates, dims: number[]) =>
      new ort.Tensor('float32', own[part].subarray(from * this.sizes[part], (from + rows) * this.sizes[part]), [
        rows,
        ...dims,
      ]);
    return {
      convolution: view('convolution', [kernel - 1, this.sizes.convolution / (kernel - 1)]),
      recurrence: view('recurrence', [valueHeads, keyDim, valueDim]),
    };
  }

  /** Stores what rows from `firstRow` on hold after a pass. */
  write(layer: number, firstRow: number, states: LayerStates): void {
    const own = this.writable(layer);
    own.convolution.set(states.convolution, firstRow * this.sizes.convolution);
    own.recurrence.set(states.recurrence, firstRow * this.sizes.recurrence);
  }

  /** Copies a row of another batch's states. */
  copy(layer: number, from: LayerStates, row: number, to: number): void {
    const own = this.writable(layer);
    for (const part of ['convolution', 'recurrence'] as const) {
      const size = this.sizes[part];
      own[part].set(from[part].subarray(row * size, (row + 1) * size), to * size);
    }
  }

  private writable(layer: number): LayerStates {
    const own = this.live[layer]!;
    if (this.sealed[layer] !== own) return own;
    return (this.live[layer] = { convolution: own.convolution.slice(), recurrence: own.recurrence.slice() });
  }
}

/** Bytes of the states of so many rows, those at the prompt's end beside those of now. */
export function recurrentBytes({ mixers, layer: { linear } }: CacheShape, rows: number): number {
  if (linear === null) return 0;
  const { convolution, recurrence } = linearSizes(linear);
  return mixers.filter((mixer) => mixer === 'linear').length * 2 * rows * (convolution + recurrence) * 4;
}
