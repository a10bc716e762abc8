import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { ordered } from './ordered.js';

describe('many things, a few at a time', () => {
  it('starts in order, never more at once than allowed', async () => {
    const started: number[] = [];
    let running = 0;
    let most = 0;
    await ordered(
      [5, 1, 3, 2],
      2,
      async (item, index) => {
        started.push(index);
        most = Math.max(most, ++running);
        await sleep(item);
        running--;
      },
      undefined,
    );
    assert.deepEqual(started, [0, 1, 2, 3]);
    assert.equal(most, 2);
  });

  it('after a failure stops what is under way, starts nothing more, and ends last', async () => {
    const ended: string[] = [];
    const doOne = async (item: string, _: number, stop: AbortSignal) => {
      if (item === 'fails') throw new Error('the first failure');
      await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
      await sleep(20);
      ended.push(item);
      throw new Error('a consequence');
    };
    await assert.rejects(ordered(['waits', 'fails', 'never starts'], 2, doOne, undefined), /the first failure/);
    assert.deepEqual(ended, ['waits']);
  });

  it('a cancel from outside reaches what is under way', async () => {
    const cancel = new AbortController();
    const doOne = async (_: number, __: number, stop: AbortSignal) => {
      cancel.abort();
      await Promise.resolve();
      assert.ok(stop.aborted);
    };
    await assert.rejects(ordered([1, 2], 1, doOne, cancel.signal), { code: 'cancelled' });
  });
});
