// Rounding to storage dtypes, held against an independent way: the nearest of all values that the dtype has.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Dtype } from './checkpoint.js';
import { decode } from './decode.js';
import { encodeInto, roundTo } from './encode.js';
import { normal } from '../../../test/fixtures/checkpoints.js';

/** All finite values of a dtype of 8 or 16 bits with their codes, ascending. */
function finiteValues(dtype: Dtype, width: number): { value: number; code: number }[] {
  const codes = Array.from({ length: 2 ** (8 * width) }, (_, code) => code);
  const bytes = width === 1 ? Uint8Array.from(codes) : new Uint8Array(Uint16Array.from(codes).buffer);
  return [...decode(dtype, bytes)]
    .map((value, code) => ({ value, code }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => a.value - b.value);
}

/** The nearest value by search; of two at the same distance, the one with an even code. */
function nearest(values: readonly { value: number; code: number }[], wanted: number): number {
  let [low, high] = [0, values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle]!.value <= wanted) low = middle;
    else high = middle;
  }
  const [below, above] = [values[low]!, values[high]!];
  const difference = wanted - below.value - (above.value - wanted);
  return difference < 0 || (difference === 0 && below.code % 2 === 0) ? below.value : above.value;
}

function encode(dtype: Dtype, values: Float64Array, width: number): Float64Array {
  const bytes = new Uint8Array(values.length * width);
  encodeInto(dtype, values, bytes);
  return decode(dtype, bytes);
}

describe('rounding to a dtype', () => {
  for (const [dtype, width] of [
    ['BF16', 2],
    ['F16', 2],
    ['F8_E4M3', 1],
    ['F8_E5M2', 1],
  ] as const) {
    it(`gives the nearest ${dtype}, ties to even`, () => {
      const all = finiteValues(dtype, width);
      const largest = all.at(-1)!.value;
      const next = normal(7);
      const wanted: number[] = [];
      for (let index = 0; index < 4000; index++) wanted.push(next() * 2 ** Math.round(next() * 8));
      // Exact halves between neighbours, and a hair to either side: closer than fp32 can tell.
      for (let index = 0; index + 1 < all.length; index += Math.ceil(all.length / 2000)) {
        const half = (all[index]!.value + all[index + 1]!.value) / 2;
        wanted.push(half, half * (1 + 2 ** -50), half * (1 - 2 ** -50), all[index]!.value);
      }
      const inside = Float64Array.from(wanted.filter((value) => Math.abs(value) < largest));
      const expected = inside.map((value) => nearest(all, value));
      const rounded = inside.slice();
      roundTo(dtype, rounded);
      assert.deepEqual(rounded.map(Math.abs), expected.map(Math.abs));
      assert.ok(
        rounded.every((value, index) => Math.sign(value) === 0 || Math.sign(value) === Math.sign(inside[index]!)),
      );
      assert.deepEqual(encode(dtype, inside, width).map(Math.abs), expected.map(Math.abs));
    });
    it(`keeps signed zero, NaN and what is too large for ${dtype}`, () => {
      const values = Float64Array.of(0, -0, NaN, Infinity, -Infinity, 1e300, -1e300, 5e-324, -5e-324);
      const beyond = dtype === 'F8_E4M3' ? NaN : Infinity;
      const expected = [0, -0, NaN, beyond, -beyond, beyond, -beyond, 0, -0];
      assert.deepEqual([...encode(dtype, values, width)], expected);
      roundTo(dtype, values);
      assert.deepEqual([...values], expected);
    });
  }

  it('refuses integers', () => {
    assert.throws(() => roundTo('I32', Float64Array.of(1.5)), { code: 'internal' });
  });
});
