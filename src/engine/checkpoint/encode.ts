/**
 * Numbers to the floating-point dtypes of a file, rounded once, to nearest and ties to even, as IEEE 754 and PyTorch
 * do. Values too large become infinite, in the formats that have an infinity, and NaN in E4M3, which has none.
 */
import { FrankensteinError } from '../errors.js';
import type { Dtype } from './checkpoint.js';

interface Format {
  mantissa: number;
  /** Exponent of the smallest normal number. */
  minExponent: number;
  /** Largest finite value. */
  largest: number;
  infinite: boolean;
}

/** BF16 and F32 have ways of their own. */
const FORMATS: Partial<Record<Dtype, Format>> = {
  F16: { mantissa: 10, minExponent: -14, largest: 65504, infinite: true },
  F8_E4M3: { mantissa: 3, minExponent: -6, largest: 448, infinite: false },
  F8_E5M2: { mantissa: 2, minExponent: -14, largest: 57344, infinite: true },
};

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
const double = new Float64Array(1);
const doubleBits = new Uint32Array(double.buffer); // little-endian: [low, high]

/** The bfloat16 nearest to a float64, as its 16 bits. */
function bfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  single[0] = value;
  const bits = singleBits[0]!;
  const low = bits & 0xffff;
  let high = bits >>> 16;
  if (low > 0x8000) high++;
  else if (low === 0x8000) {
    // Half way, or made so by the rounding to fp32: then the value itself lies to one side.
    const beyond = Math.abs(value) - Math.abs(single[0]);
    if (beyond > 0 || (beyond === 0 && (high & 1) === 1)) high++;
  }
  return high;
}

/** `value` as the nearest number of a small format; signed zero, NaN and infinities stay. */
function nearest(value: number, { mantissa, minExponent, largest, infinite }: Format): number {
  if (value === 0 || !Number.isFinite(value)) return Number.isFinite(value) || infinite ? value : NaN;
  double[0] = value;
  const exponent = Math.max(((doubleBits[1]! >>> 20) & 0x7ff) - 1023, minExponent);
  const unit = 2 ** (exponent - mantissa);
  const units = Math.abs(value) / unit; // exact, but for numbers far below the format's smallest
  let whole = Math.floor(units);
  const rest = units - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 === 1)) whole++;
  const magnitude = whole * unit;
  const rounded = magnitude <= largest ? magnitude : infinite ? Infinity : NaN;
  return value < 0 ? -rounded : rounded;
}

/** Sign, exponent and mantissa bits of a number that the format holds. */
function code(value: number, { mantissa, minExponent, infinite }: Format, width: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 1 << (width - 1) : 0;
  const ones = (1 << (width - 1)) - 1;
  if (Number.isNaN(value)) return infinite ? ones ^ ((1 << (mantissa - 1)) - 1) : ones;
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return sign | (ones & ~((1 << mantissa) - 1));
  if (magnitude < 2 ** minExponent) return sign | (magnitude / 2 ** (minExponent - mantissa));
  double[0] = magnitude;
  const exponent = ((doubleBits[1]! >>> 20) & 0x7ff) - 1023;
  const steps = magnitude / 2 ** (exponent - mantissa); // leading one included
  return sign | (((exponent - minExponent) << mantissa) + steps);
}

/** Whether numbers can be rounded to `dtype`: it is one of floating point. */
export function isFloat(dtype: Dtype): boolean {
  return dtype === 'F64' || dtype === 'F32' || dtype === 'BF16' || FORMATS[dtype] !== undefined;
}

/** Replaces every value by the nearest one that `dtype` holds. @throws `internal` for integers. */
export function roundTo(dtype: Dtype, values: Float64Array | Float32Array): void {
  if (dtype === 'F64') return;
  if (dtype === 'F32') {
    for (let index = 0; index < values.length; index++) values[index] = Math.fround(values[index]!);
  } else if (dtype === 'BF16') {
    for (let index = 0; index < values.length; index++) {
      singleBits[0] = bfloat16(values[index]!) << 16;
      values[index] = single[0]!;
    }
  } else {
    const format = formatOf(dtype);
    for (let index = 0; index < values.length; index++) values[index] = nearest(values[index]!, format);
  }
}

/**
 * Writes the values as `dtype`, rounding them where they need it. `target` has room for exactly these.
 * @throws as `roundTo`
 */
export function encodeInto(dtype: Dtype, values: Float64Array | Float32Array, target: Uint8Array): void {
  if (dtype === 'F64') put(new Float64Array(values), target);
  else if (dtype === 'F32') put(new Float32Array(values), target);
  else if (dtype === 'BF16') {
    const halves = new Uint16Array(values.length);
    for (let index = 0; index < values.length; index++) halves[index] = bfloat16(values[index]!);
    put(halves, target);
  } else {
    const format = formatOf(dtype);
    const codes = dtype === 'F16' ? new Uint16Array(values.length) : new Uint8Array(values.length);
    for (let index = 0; index < values.length; index++)
      codes[index] = code(nearest(values[index]!, format), format, 8 * codes.BYTES_PER_ELEMENT);
    put(codes, target);
  }
}

function put(values: ArrayBufferView, target: Uint8Array): void {
  target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function formatOf(dtype: Dtype): Format {
  const format = FORMATS[dtype];
  if (format === undefined) throw new FrankensteinError('internal', `Numbers are not rounded to ${dtype} here.`);
  return format;
}
