/** A budget that has room for a prompt has it when it grows. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { openCheckpoint } from './checkpoint.js';
import { planMemory } from '../models/plan.js';
import { readSpec } from '../models/spec.js';
import { temporaryFolder, type TemporaryFolder } from '../../../test/fixtures/checkpoints.js';
import { writeLargeModel } from '../../../test/fixtures/largeModel.js';

const MEBI = 2 ** 20;

describe('budgets for a long prompt', () => {
  let temporary: TemporaryFolder;
  let checkpoint: Checkpoint;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    const shape = {
      layers: 6,
      hidden: 1024,
      heads: 8,
      kvHeads: 2,
      inner: 8192,
      vocabulary: 16_384,
      tied: true,
      blocks: 2,
    };
    await writeLargeModel(temporary.path, shape, path.resolve('samples/lineage/base'));
    checkpoint = await openCheckpoint(temporary.path);
  });
  afterAll(() => temporary.remove());

  /** Bytes for a batch; undefined where the budget is refused. */
  const roomIn = (memory: number, batch?: number) => {
    try {
      return planMemory(checkpoint, readSpec(checkpoint), memory * MEBI, 1, batch).batchBytes;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'bad-request');
      return undefined;
    }
  };
  const budgets = Array.from({ length: 500 }, (_, index) => 200 + 5 * index);

  it('go on being enough when they grow', () => {
    let smallerTook = 0;
    for (const bytes of [10, 60, 150, 300, 700].map((size) => size * MEBI)) {
      // As a probe does: the usual plan where it has the room, else one made for the prompt.
      const usual = budgets.map((memory) => (roomIn(memory) ?? 0) >= bytes);
      const accepted = budgets.map((memory, index) => usual[index]! || roomIn(memory, bytes) !== undefined);
      const first = accepted.indexOf(true);
      assert.ok(first > 0 && accepted.slice(first).every(Boolean), `${bytes / MEBI} MiB, from ${budgets[first]} on`);
      for (const memory of budgets.slice(first))
        assert.ok((roomIn(memory, bytes) ?? 0) >= bytes, `${memory} MiB has the ${bytes / MEBI} that it says it has`);
      if (usual.slice(usual.indexOf(true)).includes(false)) smallerTook++;
    }
    assert.ok(smallerTook > 0, 'the usual plan alone refuses in a larger budget what it takes in a smaller one');
  });
});
