// Spectra of updates that are known as factors, against those of the same updates taken as matrices.
import assert from 'node:assert/strict';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { openCheckpoint } from '../../merge/checkpoint.js';
import { exactValues } from './exact/exact.js';
import { factorsOf, lowRankSpectrum, totalRank } from './lowRank.js';
import { type MatrixSource, readDelta, wholeMatrix } from './matrix.js';
import { pair, writeAdapter } from '../../../../test/fixtures/adapter.js';
import { temporaryFolder, type TemporaryFolder, writeCheckpoint } from '../../../../test/fixtures/checkpoints.js';

const UP = 'model.language_model.layers.0.mlp.up_proj';
const [ROWS, COLUMNS] = [128, 64];

let temporary: TemporaryFolder;
let base: string;
beforeAll(async () => {
  temporary = await temporaryFolder();
  base = path.join(temporary.path, 'base');
  await writeCheckpoint(base, { hidden: COLUMNS, layers: 1, visionLayers: 0 });
});
afterAll(() => temporary.remove());

let count = 0;
async function adapter(rank: number, on = base, dead = 0): Promise<Checkpoint> {
  const tensors = pair(UP, ROWS, COLUMNS, rank, 10 * ++count);
  // Directions that say nothing: columns of B that are zero, or the same as the first.
  const B = tensors[1]!.data as Float32Array;
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < dead; column++)
      B[row * rank + rank - 1 - column] = column % 2 === 0 ? 0 : B[row * rank]!;
  const folder = path.join(temporary.path, `adapter-${count}`);
  return openCheckpoint(
    await writeAdapter(folder, { config: { base_model_name_or_path: on, r: rank, lora_alpha: 3 }, tensors }),
  );
}

function sourceOf(from: Checkpoint, to: Checkpoint): MatrixSource {
  const [earlier, later] = [from, to].map((checkpoint) => wholeMatrix(checkpoint.tensors.get(`${UP}.weight`)!)) as [
    ReturnType<typeof wholeMatrix>,
    ReturnType<typeof wholeMatrix>,
  ];
  assert.deepEqual([later.rows, later.columns], [ROWS, COLUMNS]);
  return { rows: ROWS, columns: COLUMNS, before: earlier.part, after: later.part };
}

async function holds(source: MatrixSource, rank: number): Promise<void> {
  const terms = factorsOf(source);
  assert.ok(terms);
  assert.equal(totalRank(terms), rank);
  const { values, subspace } = (await lowRankSpectrum(source, terms, 4))!;
  const dense = await exactValues(source, { memory: 2 ** 30, threads: 1 });
  assert.equal(values.length, Math.min(source.rows, source.columns));
  // The matrix holds the update to float64 of the weights, which are larger.
  values.forEach((value, index) =>
    assert.ok(
      Math.abs(value - dense.values[index]!) <= 1e-9 * dense.values[0]!,
      `${index}: ${value}, not ${dense.values[index]!}`,
    ),
  );

  // Directions: orthonormal, and Δᵀu = σv.
  const delta = new Float64Array(source.rows * source.columns);
  await readDelta(source, 0, source.rows, delta);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const vector = (all: Float64Array, index: number, length: number) =>
    all.subarray(index * length, (index + 1) * length);
  for (let one = 0; one < subspace.values.length; one++) {
    const [left, right] = [vector(subspace.left, one, source.rows), vector(subspace.right, one, source.columns)];
    for (let other = 0; other <= one; other++) {
      assert.ok(Math.abs(dot(left, vector(subspace.left, other, source.rows)) - Number(one === other)) < 1e-12);
      assert.ok(Math.abs(dot(right, vector(subspace.right, other, source.columns)) - Number(one === other)) < 1e-12);
    }
    for (let column = 0; column < source.columns; column++) {
      let sum = 0;
      for (let row = 0; row < source.rows; row++) sum += left[row]! * delta[row * source.columns + column]!;
      assert.ok(Math.abs(sum - subspace.values[one]! * right[column]!) <= 1e-9 * subspace.values[0]!);
    }
  }
}

describe('a spectrum from factors', () => {
  it('is that of the update as a matrix: onto its base, away from it, with empty directions, of one', async () => {
    const plain = await openCheckpoint(base);
    const one = await adapter(5);
    await holds(sourceOf(plain, one), 5);
    await holds(sourceOf(one, plain), 5);
    await holds(sourceOf(plain, await adapter(6, base, 3)), 6);
    await holds(sourceOf(plain, await adapter(1)), 1);
  });

  it('is that of two adapters on one base, and of one on the other', async () => {
    const plain = await openCheckpoint(base);
    const [one, two] = [await adapter(5), await adapter(3)];
    await holds(sourceOf(one, two), 8);
    const stacked = await adapter(4, one.path);
    await holds(sourceOf(plain, stacked), 9);
    await holds(sourceOf(one, stacked), 4);
  });

  it('is that of neighbouring rows', async () => {
    const { before: earlier, after: later, ...shape } = sourceOf(await openCheckpoint(base), await adapter(5));
    const first = 16 * COLUMNS;
    await holds({ ...shape, rows: 40, before: { ...earlier!, first }, after: { ...later, first } }, 5);
  });

  it('is zero between a tensor and itself', async () => {
    const plain = await openCheckpoint(base);
    const one = await adapter(5);
    for (const stage of [plain, one]) {
      const source = sourceOf(stage, stage);
      assert.deepEqual(factorsOf(source), []);
      assert.ok((await lowRankSpectrum(source, [], 4))!.values.every((value) => value === 0));
    }
  });

  it('is left to the matrix where the update is not of low rank, or not as it is stored', async () => {
    const plain = await openCheckpoint(base);
    const other = path.join(temporary.path, 'other');
    await writeCheckpoint(other, { hidden: COLUMNS, layers: 1, visionLayers: 0, seed: 2 });
    const one = await adapter(5);
    assert.equal(factorsOf(sourceOf(await openCheckpoint(other), one)), undefined);
    assert.equal(factorsOf(sourceOf(plain, await adapter(COLUMNS))), undefined);
    const source = sourceOf(plain, one);
    assert.equal(factorsOf({ ...source, before: null }), undefined);
    assert.equal(
      factorsOf({
        rows: COLUMNS,
        columns: ROWS,
        before: { ...source.before!, rowStride: 1, columnStride: COLUMNS },
        after: { ...source.after, rowStride: 1, columnStride: COLUMNS },
      }),
      undefined,
    );
  });
});
