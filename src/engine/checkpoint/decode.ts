/**
 * Every dtype that is read, to float64: the reference path, and the only one for odd dtypes. Every value of every dtype
 * but the 64-bit integers is exact in float64; those round to the nearest double.
 *
 * Typed arrays read the machine's byte order, and every platform this runs on is little-endian, as the files are.
 */
import type { Dtype } from './checkpoint.js';

/** Bytes per element. */
export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** The dtype spelled so in a header; undefined for one that is not read here. */
export function dtypeOf(spelling: string): Dtype | undefined {
  return Object.hasOwn(DTYPE_BYTES, spelling) ? (spelling as Dtype) : undefined;
}

/** Values of `bytes`, whose length must be a multiple of the dtype's width. NaN and infinities stay what they are. */
export function decode(dtype: Dtype, bytes: Uint8Array): Float64Array {
  const width = DTYPE_BYTES[dtype];
  if (bytes.byteLength % width !== 0) throw new RangeError(`${bytes.byteLength} bytes are no whole number of ${dtype}`);
  const count = bytes.byteLength / width;
  // A typed array needs an aligned start, which a slice of a read buffer may lack.
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset } = aligned;
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer, byteOffset, count).slice();
    case 'F32':
      return new Float64Array(new Float32Array(buffer, byteOffset, count));
    case 'BF16':
      return fromBfloat16(new Uint16Array(buffer, byteOffset, count));
    case 'F16':
      return lookUp(new Uint16Array(buffer, byteOffset, count), (float16 ??= table(5, 10, 'ieee')));
    case 'F8_E5M2':
      return lookUp(aligned, (float8e5m2 ??= table(5, 2, 'ieee')));
    case 'F8_E4M3':
      return lookUp(aligned, (float8e4m3 ??= table(4, 3, 'finite')));
    case 'I64':
      return fromBigInts(new BigInt64Array(buffer, byteOffset, count));
    case 'U64':
      return fromBigInts(new BigUint64Array(buffer, byteOffset, count));
    case 'I32':
      return new Float64Array(new Int32Array(buffer, byteOffset, count));
    case 'U32':
      return new Float64Array(new Uint32Array(buffer, byteOffset, count));
    case 'I16':
      return new Float64Array(new Int16Array(buffer, byteOffset, count));
    case 'U16':
      return new Float64Array(new Uint16Array(buffer, byteOffset, count));
    case 'I8':
      return new Float64Array(new Int8Array(buffer, byteOffset, count));
    case 'U8':
      return new Float64Array(aligned);
    case 'BOOL':
      return Float64Array.from(aligned, (byte) => (byte === 0 ? 0 : 1));
  }
}

function fromBfloat16(halves: Uint16Array): Float64Array {
  // A bfloat16 is the upper half of a float32.
  const words = new Uint32Array(halves.length);
  for (let index = 0; index < halves.length; index++) words[index] = halves[index]! << 16;
  return new Float64Array(new Float32Array(words.buffer));
}

function fromBigInts(values: BigInt64Array | BigUint64Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) result[index] = Number(values[index]);
  return result;
}

let float16: Float64Array | undefined;
let float8e5m2: Float64Array | undefined;
let float8e4m3: Float64Array | undefined;

function lookUp(codes: Uint16Array | Uint8Array, values: Float64Array): Float64Array {
  const result = new Float64Array(codes.length);
  for (let index = 0; index < codes.length; index++) result[index] = values[codes[index]!]!;
  return result;
}

/**
 * All values of a small float format, by code. `ieee`: the highest exponent holds infinity and NaN. `finite` (the
 * "fn" formats of OCP 8-bit floats): the highest exponent is an ordinary one, and only all ones is NaN.
 */
function table(exponentBits: number, mantissaBits: number, kind: 'ieee' | 'finite'): Float64Array {
  const codes = 2 ** (1 + exponentBits + mantissaBits);
  const bias = 2 ** (exponentBits - 1) - 1;
  const highest = 2 ** exponentBits - 1;
  const steps = 2 ** mantissaBits;
  const values = new Float64Array(codes);
  for (let code = 0; code < codes; code++) {
    const sign = code >= codes / 2 ? -1 : 1;
    const exponent = Math.floor(code / steps) & highest;
    const mantissa = code % steps;
    let magnitude: number;
    if (kind === 'ieee' && exponent === highest) magnitude = mantissa === 0 ? Infinity : NaN;
    else if (kind === 'finite' && exponent === highest && mantissa === steps - 1) magnitude = NaN;
    else if (exponent === 0) magnitude = (mantissa / steps) * 2 ** (1 - bias);
    else magnitude = (1 + mantissa / steps) * 2 ** (exponent - bias);
    values[code] = sign * magnitude;
  }
  return values;
}
