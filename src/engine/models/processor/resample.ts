/**
 * Resizing as torchvision does eight-bit images with antialias on the CPU (ATen's `upsample_*2d_aa`, the default of
 * transformers' image processors): PIL's separable filter, but with weights rounded to sixteen bits.
 */
import type { RgbImage } from './image.js';

export type Filter = 'bilinear' | 'bicubic' | 'lanczos';

/** Support on each side in pixels, and weight at a distance. */
const FILTERS: Record<Filter, { reach: number; weight: (distance: number) => number }> = {
  bilinear: { reach: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: { reach: 2, weight: bicubic },
  lanczos: { reach: 3, weight: lanczos },
};

/** Keys's cubic with a = −0.5, as PIL; torch without antialias has −0.75. */
function bicubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function lanczos(distance: number): number {
  const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  return Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0;
}

/** For every new sample: which old ones it is made of, and their weights in units of 2^−precision. */
interface Weights {
  first: Int32Array;
  count: Int32Array;
  /** [new samples, widest]. */
  values: Int32Array;
  widest: number;
  precision: number;
}

/** The largest weight must fit sixteen bits. */
const WEIGHT_LIMIT = 1 << 15;
const PRECISION_LIMIT = 22;

function weightsFor(from: number, to: number, filter: Filter): Weights {
  const { reach, weight } = FILTERS[filter];
  const scale = from / to;
  const support = reach * Math.max(scale, 1);
  const inverse = scale >= 1 ? 1 / scale : 1;
  const widest = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const exact = new Float64Array(to * widest);
  let largest = 0;
  for (let index = 0; index < to; index++) {
    const centre = scale * (index + 0.5);
    const begin = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taken = Math.min(Math.max(Math.min(Math.trunc(centre + support + 0.5), from) - begin, 0), widest);
    let total = 0;
    for (let tap = 0; tap < taken; tap++) {
      const value = weight((tap + begin - centre + 0.5) * inverse);
      exact[index * widest + tap] = value;
      total += value;
    }
    for (let tap = 0; tap < taken; tap++) {
      if (total !== 0) exact[index * widest + tap]! /= total;
      largest = Math.max(largest, exact[index * widest + tap]!);
    }
    first[index] = begin;
    count[index] = taken;
  }
  let precision = 0;
  while (precision < PRECISION_LIMIT && Math.trunc(0.5 + largest * 2 ** (precision + 1)) < WEIGHT_LIMIT) precision++;
  const values = Int32Array.from(exact, (value) => Math.trunc(value * 2 ** precision + (value < 0 ? -0.5 : 0.5)));
  return { first, count, values, widest, precision };
}

/** The image at another size; the same object when it has that size already. */
export function resize(image: RgbImage, width: number, height: number, filter: Filter): RgbImage {
  const wide = image.width === width ? image : alongRows(image, width, filter);
  return wide.height === height ? wide : alongColumns(wide, height, filter);
}

function alongRows({ width: from, height, data }: RgbImage, width: number, filter: Filter): RgbImage {
  const { first, count, values, widest, precision } = weightsFor(from, width, filter);
  const half = 1 << (precision - 1);
  const result = new Uint8ClampedArray(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      let [red, green, blue] = [half, half, half];
      let at = (y * from + first[x]!) * 3;
      const begin = x * widest;
      const end = begin + count[x]!;
      for (let tap = begin; tap < end; tap++, at += 3) {
        const weight = values[tap]!;
        red += weight * data[at]!;
        green += weight * data[at + 1]!;
        blue += weight * data[at + 2]!;
      }
      result[to] = red >> precision;
      result[to + 1] = green >> precision;
      result[to + 2] = blue >> precision;
    }
  }
  return { width, height, data: new Uint8Array(result.buffer) };
}

function alongColumns({ width, height: from, data }: RgbImage, height: number, filter: Filter): RgbImage {
  const { first, count, values, widest, precision } = weightsFor(from, height, filter);
  const half = 1 << (precision - 1);
  const stride = width * 3;
  const result = new Uint8ClampedArray(stride * height);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    // Row by row rather than column by column: memory is walked in order.
    for (let tap = 0; tap < count[y]!; tap++) {
      const weight = values[y * widest + tap]!;
      const row = (first[y]! + tap) * stride;
      for (let sample = 0; sample < stride; sample++) sums[sample]! += weight * data[row + sample]!;
    }
    for (let sample = 0; sample < stride; sample++) result[y * stride + sample] = sums[sample]! >> precision;
  }
  return { width, height, data: new Uint8Array(result.buffer) };
}
