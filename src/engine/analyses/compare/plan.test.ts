/** Budgets and plans: every element is read once, and no piece exceeds what the budget leaves for it. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import type { ComputedTensor, Dtype, Shard, StoredTensor } from '../../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import type { AlignedTensor } from '../../lineage/align.js';
import { batched, budgetFor, bytesOf, planTasks } from './plan.js';
import type { Source } from './sums.js';

const MIB = 2 ** 20;
const shard: Shard = { name: 's', realPath: '/s', bytes: 1, modifiedNs: 0n, inode: 0n, headerHash: '' };

function beginOf(source: Source): number {
  assert.ok(source.tensor === undefined);
  return source.begin;
}

function tensor(size: number, dtypes: Dtype[]): AlignedTensor {
  const stored = dtypes.map((dtype): StoredTensor => ({
    onDisk: 't',
    name: 't',
    dtype,
    shape: [size],
    size,
    shard,
    begin: 1000,
    end: 1000 + size * DTYPE_BYTES[dtype],
  }));
  return { name: 't', stored, segments: [{ from: 0, stored }] };
}

describe('planning a comparison', () => {
  it('fits threads into the memory', () => {
    for (const memory of [180 * MIB, 256 * MIB, 300 * MIB, 512 * MIB, 2048 * MIB, 64 * 2 ** 30]) {
      for (const threads of [1, 2, 3, 8, 64]) {
        const budget = budgetFor([], memory, threads);
        assert.ok(budget.threads >= 1 && budget.threads <= threads);
        assert.ok(128 * MIB + budget.threads * 48 * MIB <= memory, `${memory} with ${threads}`);
      }
    }
  });

  it('leaves a thread that computes weights what computing them takes', () => {
    const computed = { ...tensor(8, ['F64']).stored[0]!, expression: { kind: 'merge' } } as unknown as ComputedTensor;
    const merged: AlignedTensor = { name: 't', stored: [computed], segments: [{ from: 0, stored: [computed] }] };
    const budget = budgetFor([tensor(8, ['BF16']), merged], 1024 * MIB, 64);
    assert.ok(budget.threads >= 5 && 128 * MIB + budget.threads * 160 * MIB <= 1024 * MIB);
    assert.throws(() => budgetFor([merged], 256 * MIB, 1), /at least 288 MiB/);
  });

  it('refuses what cannot work, with the least that can', () => {
    assert.throws(() => budgetFor([], 175 * MIB, 1), /at least 176 MiB/);
    assert.throws(() => budgetFor([], NaN, 1), { code: 'bad-request' });
    assert.throws(() => budgetFor([], -1, 1), { code: 'bad-request' });
    for (const threads of [0, -1, 1.5, NaN, Infinity])
      assert.throws(() => budgetFor([], 2048 * MIB, threads), { code: 'bad-request' });
  });

  it('covers every element once, in order, in pieces of many rows', () => {
    for (const dtypes of [
      ['BF16', 'BF16'],
      ['F64', 'F8_E4M3', 'BF16'],
      ['U8', 'U8'],
      ['F32', 'BF16'],
    ] as Dtype[][]) {
      for (const size of [0, 1, 1023, 1024, 1_048_575, 1_048_577, 15_000_003]) {
        const [task] = planTasks([tensor(size, dtypes)]);
        let done = 0;
        for (const piece of task!.pieces) {
          piece.sources.forEach((source, stage) =>
            assert.equal(beginOf(source), 1000 + done * DTYPE_BYTES[dtypes[stage]!]),
          );
          const bytes = piece.elements * dtypes.reduce((sum, dtype) => sum + DTYPE_BYTES[dtype], 0);
          assert.ok(piece.elements > 0 && bytes <= 16 * MIB);
          done += piece.elements;
          if (done < size) assert.equal(piece.elements % 1024, 0);
        }
        assert.equal(done, size);
        assert.equal(task!.bytes, size * dtypes.reduce((sum, dtype) => sum + DTYPE_BYTES[dtype], 0));
      }
    }
  });

  it('reads offsets beyond 2^32 exactly', () => {
    const [task] = planTasks([tensor(100 * 2 ** 30, ['F64', 'F64'])]);
    const last = task!.pieces.at(-1)!;
    assert.equal(beginOf(last.sources[0]!) + last.elements * 8, 1000 + 800 * 2 ** 30);
  });

  it('hands out small pieces together, each once and in order', () => {
    const tasks = planTasks([
      ...Array.from({ length: 2000 }, () => tensor(5, ['BF16', 'BF16'])),
      tensor(20_000_000, ['BF16', 'BF16']),
      tensor(7, ['F32', 'F32']),
    ]);
    const items = tasks.flatMap(({ pieces }) => pieces.map((piece) => ({ piece })));
    const batches = batched(items);
    assert.deepEqual(batches.flat(), items);
    assert.ok(batches.length < 12 && batches.every((batch) => batch.length <= 512));
    for (const batch of batches) assert.ok(batch.reduce((sum, { piece }) => sum + bytesOf(piece), 0) <= 16 * MIB);
    assert.deepEqual(batched([]), []);
  });
});
