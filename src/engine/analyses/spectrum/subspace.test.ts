import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { overlapOf, type Subspace } from './subspace.js';
import { orthonormal, transposed } from '../../../../test/unit/spectrum/matrices.js';

const [ROWS, COLUMNS] = [60, 90];

/** Directions `from` … `from + k` of one random basis per side. */
function subspace(from: number, k: number): Subspace {
  const side = (length: number, seed: number) =>
    transposed(orthonormal(length, 12, seed)).values.slice(from * length, (from + k) * length);
  return {
    rows: ROWS,
    columns: COLUMNS,
    values: new Float64Array(k).fill(1),
    left: side(ROWS, 1),
    right: side(COLUMNS, 2),
  };
}

const near = (actual: readonly number[], expected: readonly number[]) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, index) =>
    assert.ok(Math.abs(value - expected[index]!) < 1e-12, `${value} instead of ${expected[index]}`),
  );
};

describe('overlap of two updates', () => {
  it('is whole for the same subspace, whatever its basis', () => {
    const a = subspace(0, 3);
    const turned: Subspace = { ...a, left: turn(a.left, ROWS, 0.4), right: turn(a.right, COLUMNS, 1.1) };
    const overlap = overlapOf(a, turned)!;
    near(overlap.left, [1, 1, 1]);
    near(overlap.right, [1, 1, 1]);
    near([overlap.leftOverlap, overlap.rightOverlap], [1, 1]);
  });

  it('is none at right angles', () => {
    const overlap = overlapOf(subspace(0, 3), subspace(3, 3))!;
    near([...overlap.left, overlap.leftOverlap, overlap.rightOverlap], [0, 0, 0, 0, 0]);
    assert.deepEqual([overlap.k, overlap.leftChance, overlap.rightChance], [3, 3 / ROWS, 3 / COLUMNS]);
  });

  it('counts the directions that are shared', () => {
    const overlap = overlapOf(subspace(0, 4), subspace(1, 4))!;
    near(overlap.left, [1, 1, 1, 0]);
    near([overlap.leftOverlap], [0.75]);
  });

  it('knows an angle', () => {
    const [a, b] = [subspace(0, 1), subspace(1, 1)];
    const between: Subspace = {
      ...a,
      left: a.left.map((value, index) => Math.cos(0.3) * value + Math.sin(0.3) * b.left[index]!),
    };
    near(overlapOf(a, between)!.left, [Math.cos(0.3)]);
  });

  it('takes as many directions as both have', () => {
    const overlap = overlapOf(subspace(0, 5), subspace(0, 2))!;
    assert.equal(overlap.k, 2);
    near(overlap.left, [1, 1]);
  });

  it('does not exist where an update has no direction', () => {
    assert.equal(overlapOf(subspace(0, 5), subspace(0, 0)), null);
  });

  it('needs one shape', () => {
    assert.throws(() => overlapOf(subspace(0, 1), { ...subspace(0, 1), rows: 61 }), RangeError);
  });
});

/** The first two vectors, turned by an angle in their plane. */
function turn(vectors: Float64Array, length: number, angle: number): Float64Array {
  return vectors.map((value, index) => {
    const [first, second] = [vectors[index % length]!, vectors[length + (index % length)]!];
    if (index < length) return Math.cos(angle) * first + Math.sin(angle) * second;
    return index < 2 * length ? Math.cos(angle) * second - Math.sin(angle) * first : value;
  });
}
