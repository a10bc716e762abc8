// Bytes to float64, by values that the formats' definitions give.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Dtype } from './checkpoint.js';
import { DTYPE_BYTES, decode, dtypeOf } from './decode.js';
import { encode } from '../../../test/fixtures/checkpoints.js';

/** Little-endian codes and their values. */
const known: { dtype: Dtype; codes: (number | bigint)[]; values: number[] }[] = [
  {
    dtype: 'BF16',
    codes: [0x3f80, 0xbf80, 0x0000, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x0001, 0x7f7f, 0x3f81],
    values: [1, -1, 0, -0, Infinity, -Infinity, NaN, 2 ** -133, 255 * 2 ** 120, 1 + 2 ** -7],
  },
  {
    dtype: 'F16',
    codes: [0x3c00, 0xbc00, 0x0000, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x7bff, 0x0400, 0x03ff],
    values: [1, -1, 0, -0, Infinity, -Infinity, NaN, 2 ** -24, 65504, 2 ** -14, 1023 * 2 ** -24],
  },
  {
    dtype: 'F8_E4M3',
    codes: [0x38, 0xb8, 0x00, 0x80, 0x7e, 0x7f, 0xff, 0x01, 0x08, 0x78],
    values: [1, -1, 0, -0, 448, NaN, NaN, 2 ** -9, 2 ** -6, 256],
  },
  {
    dtype: 'F8_E5M2',
    codes: [0x3c, 0xbc, 0x00, 0x80, 0x7b, 0x7c, 0xfc, 0x7d, 0x01, 0x04],
    values: [1, -1, 0, -0, 57344, Infinity, -Infinity, NaN, 2 ** -16, 2 ** -14],
  },
  { dtype: 'I8', codes: [0x7f, 0x80, 0xff], values: [127, -128, -1] },
  { dtype: 'U8', codes: [0x7f, 0x80, 0xff], values: [127, 128, 255] },
  { dtype: 'I16', codes: [0x7fff, 0x8000], values: [32767, -32768] },
  { dtype: 'U16', codes: [0x7fff, 0xffff], values: [32767, 65535] },
  { dtype: 'I32', codes: [0x7fffffff, 0x80000000], values: [2 ** 31 - 1, -(2 ** 31)] },
  { dtype: 'U32', codes: [0xffffffff], values: [2 ** 32 - 1] },
  {
    dtype: 'I64',
    codes: [2n ** 63n, 2n ** 53n + 1n, 2n ** 53n + 3n, 2n ** 64n - 1n],
    values: [-(2 ** 63), 2 ** 53, 2 ** 53 + 4, -1],
  },
  { dtype: 'U64', codes: [2n ** 64n - 1n, 5n], values: [2 ** 64, 5] },
  { dtype: 'BOOL', codes: [0, 1, 255], values: [0, 1, 1] },
  { dtype: 'F32', codes: [0x3f800000, 0x7fc00000, 0xff800000, 0x00000001], values: [1, NaN, -Infinity, 2 ** -149] },
  { dtype: 'F64', codes: [0x3ff0000000000000n, 1n], values: [1, 2 ** -1074] },
];

function bytesOf(dtype: Dtype, codes: readonly (number | bigint)[]): Uint8Array {
  const width = DTYPE_BYTES[dtype];
  const bytes = new Uint8Array(codes.length * width);
  codes.forEach((code, index) => {
    for (let byte = 0; byte < width; byte++)
      bytes[index * width + byte] = Number((BigInt(code) >> BigInt(8 * byte)) & 255n);
  });
  return bytes;
}

describe('decode', () => {
  for (const { dtype, codes, values } of known) {
    it(`reads ${dtype}`, () => {
      const bytes = bytesOf(dtype, codes);
      assert.deepEqual([...decode(dtype, bytes)], values);
      // The same from a slice that no typed array could begin at.
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      assert.deepEqual([...decode(dtype, shifted.subarray(1))], values);
    });
  }

  it('knows every dtype, and nothing else', () => {
    assert.deepEqual(known.map(({ dtype }) => dtype).sort(), Object.keys(DTYPE_BYTES).sort());
    for (const spelling of ['F4', 'toString', '__proto__', 'bf16', '']) assert.equal(dtypeOf(spelling), undefined);
  });

  it('does not share memory with its input', () => {
    const bytes = bytesOf('F64', [0x3ff0000000000000n]);
    const values = decode('F64', bytes);
    bytes.fill(0);
    assert.deepEqual([...values], [1]);
  });

  it('refuses half an element', () => assert.throws(() => decode('F32', new Uint8Array(6)), RangeError));

  for (const dtype of ['BF16', 'F16', 'F8_E4M3', 'F8_E5M2'] as const) {
    it(`is undone by the fixtures' encoder for every ${dtype}`, () => {
      const width = DTYPE_BYTES[dtype];
      const codes = Array.from({ length: 256 ** width }, (_, code) => code);
      const values = decode(dtype, bytesOf(dtype, codes));
      const again = decode(dtype, encode(dtype, values));
      for (const [index, value] of values.entries())
        assert.ok(Object.is(again[index], value), `${dtype} ${index}: ${again[index]} is not ${value}`);
    });
  }

  it('comes from encoders that round to nearest, ties to even', () => {
    assert.deepEqual(
      [...decode('BF16', encode('BF16', [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20]))],
      [1, 1 + 2 ** -6, 1 + 2 ** -7],
    );
    assert.deepEqual(
      [...decode('F16', encode('F16', [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65520, 65519]))],
      [1, 1 + 2 ** -9, Infinity, 65504],
    );
    assert.deepEqual([...decode('F8_E4M3', encode('F8_E4M3', [1.0625, 1.1875, 460, 1000]))], [1, 1.25, 448, NaN]);
  });
});
