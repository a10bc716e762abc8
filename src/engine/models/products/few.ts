/**
 * A layer with attention for a few tokens, such as one per row while decoding: products as `products.ts` has them,
 * attention by ONNX Runtime, and what lies between them here, which for so few numbers costs less than a call would.
 */
import type { Activation } from '../../families/family.js';
import { type LayerShape, projectedHeads } from '../graphs/language.js';
import type { Feeds } from '../weights.js';
import { holds, type MatrixSize, type Products } from './products.js';

/** What this file does with each part of a shape; a new part has to be looked at before models with it come here. */
const KNOWN: Record<keyof LayerShape, 'here' | 'in graphs'> = {
  hidden: 'here',
  heads: 'here',
  kvHeads: 'here',
  headDim: 'here',
  inner: 'here',
  epsilon: 'here',
  activation: 'here',
  qkvBias: 'here',
  outputBias: 'here',
  mlpBias: 'here',
  qkNorm: 'in graphs',
  rotated: 'in graphs',
  outputGate: 'in graphs',
  unitNorms: 'in graphs', // added where weights are read
  linear: 'in graphs',
  scoreScale: 'in graphs',
  sandwichNorms: 'in graphs', // their weights are none of those below
  experts: 'in graphs', // of the layers that have some, the weights are none of those below
};

/** By what they do to the gate's numbers. gelu has its error function in the runtime only. */
const ACTIVATE: Partial<Record<Activation, (x: number) => number>> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  gelu_pytorch_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** The matrices of a layer with attention. */
export function layerMatrices(shape: LayerShape): MatrixSize[] {
  const { hidden, heads, headDim, inner } = shape;
  return [
    { input: 'qkv', rows: projectedHeads(shape) * headDim, columns: hidden },
    { input: 'output', rows: hidden, columns: heads * headDim },
    { input: 'gateUp', rows: 2 * inner, columns: hidden },
    { input: 'down', rows: hidden, columns: inner },
  ];
}

/** Weights by the names that graphs have for them; a layer with others is not run here. */
const INPUTS = new Set(
  'norm1 qkv qkvBias qNorm kNorm output outputBias norm2 gateUp gateUpBias down downBias'.split(' '),
);

/** Whether a layer of this shape, made of these weights, can be run here. */
export function runsFew(shape: LayerShape, inputs: readonly string[]): boolean {
  return (
    Object.keys(shape).every((part) => part in KNOWN) &&
    inputs.every((input) => INPUTS.has(input)) &&
    ACTIVATE[shape.activation] !== undefined &&
    holds(layerMatrices(shape))
  );
}

/** A layer's matrices, and its vectors by the names that graphs have for them. */
export interface FewWeights {
  products: Products;
  vectors: Feeds;
}

/**
 * Norm and projections: `projected [count, projected heads · headDim]`.
 * @param x `[count, hidden]`. `projected` is overwritten.
 */
export function projectFew(
  shape: LayerShape,
  { products, vectors }: FewWeights,
  x: Float32Array,
  count: number,
  projected: Float32Array,
): void {
  projected.set(products.multiply('qkv', normed(x, valuesOf(vectors, 'norm1'), shape.epsilon), count));
  if (shape.qkvBias) addBias(projected, valuesOf(vectors, 'qkvBias'));
}

/**
 * Output projection, residual, MLP, residual.
 * @param x `[count, hidden]`. `mixed`: `[count, heads · headDim]`. `y`: like `x`; is overwritten. `gates [2, rows]`: what
 * attention and MLP of a row are multiplied by; null: 1.
 */
export function finishFew(
  shape: LayerShape,
  { products, vectors }: FewWeights,
  { x, mixed, y, gates }: { x: Float32Array; mixed: Float32Array; y: Float32Array; gates: Float32Array | null },
  count: number,
): void {
  const { inner } = shape;
  const activate = ACTIVATE[shape.activation]!;
  y.set(x);
  const outputBias = shape.outputBias ? valuesOf(vectors, 'outputBias') : null;
  addTo(y, products.multiply('output', mixed, count), outputBias, gates, 0);
  const both = products.multiply('gateUp', normed(y, valuesOf(vectors, 'norm2'), shape.epsilon), count);
  if (shape.mlpBias) addBias(both, valuesOf(vectors, 'gateUpBias'));
  const between = new Float32Array(count * inner);
  for (let one = 0; one < count; one++)
    for (let index = 0; index < inner; index++)
      between[one * inner + index] =
        Math.fround(activate(both[2 * one * inner + index]!)) * both[(2 * one + 1) * inner + index]!;
  const downBias = shape.mlpBias ? valuesOf(vectors, 'downBias') : null;
  addTo(y, products.multiply('down', between, count), downBias, gates, (gates?.length ?? 0) / 2);
}

const valuesOf = (vectors: Feeds, name: string) => vectors[name]!.data as Float32Array;

/** Adds to every row of `y` that of `added`, with the bias, times the row's gate, of which the first stands at `first`. */
function addTo(
  y: Float32Array,
  added: Float32Array,
  bias: Float32Array | null,
  gates: Float32Array | null,
  first: number,
): void {
  if (bias) addBias(added, bias);
  if (gates === null) {
    for (let index = 0; index < y.length; index++) y[index] = y[index]! + added[index]!;
    return;
  }
  const rows = gates.length / 2;
  const width = y.length / rows;
  for (let row = 0; row < rows; row++) {
    const gate = gates[first + row]!;
    for (let index = row * width; index < (row + 1) * width; index++) y[index] = y[index]! + gate * added[index]!;
  }
}

function addBias(rows: Float32Array, bias: Float32Array): void {
  const { length } = bias;
  for (let start = 0; start < rows.length; start += length)
    for (let index = 0; index < length; index++) rows[start + index] = rows[start + index]! + bias[index]!;
}

/** x / √(mean of squares + ε) · scale, row by row. */
export function normed(x: Float32Array, scale: Float32Array, epsilon: number): Float32Array {
  const width = scale.length;
  const result = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    let squares = 0;
    for (let index = start; index < start + width; index++) squares += x[index]! * x[index]!;
    const factor = 1 / Math.sqrt(squares / width + epsilon);
    for (let index = 0; index < width; index++) result[start + index] = x[start + index]! * factor * scale[index]!;
  }
  return result;
}
