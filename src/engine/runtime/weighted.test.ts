/** Scheduling by memory and threads, on jobs that end when the test says so. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { runWithin, type Need } from './weighted.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Runs items by name; `end` ends one. */
function trial(needs: Record<string, Need>, limits: Need, signal?: AbortSignal) {
  const running = new Map<string, { worker: number; resolve: () => void; reject: (error: Error) => void }>();
  const started: string[] = [];
  const result = runWithin(
    Object.keys(needs),
    limits,
    (name) => needs[name]!,
    (name, worker) => {
      started.push(name);
      const used = [...running].reduce(
        (sum, [other]) => ({ memory: sum.memory + needs[other]!.memory, threads: sum.threads + needs[other]!.threads }),
        needs[name]!,
      );
      if (running.size > 0)
        assert.ok(
          used.memory <= limits.memory && used.threads <= limits.threads,
          `${name} beside ${[...running.keys()].join()}`,
        );
      assert.ok(
        worker >= 0 && worker < limits.threads && ![...running.values()].some((other) => other.worker === worker),
        `worker ${worker}`,
      );
      return new Promise<void>((resolve, reject) => running.set(name, { worker, resolve, reject })).finally(() =>
        running.delete(name),
      );
    },
    signal,
  );
  result.catch(() => undefined);
  const end = async (name: string, error?: Error) => {
    if (error) running.get(name)!.reject(error);
    else running.get(name)!.resolve();
    await settled();
  };
  return { result, started, end, names: () => [...running.keys()].sort().join('') };
}

describe('scheduling by memory and threads', () => {
  const one = (memory: number, threads = 1): Need => ({ memory, threads });

  it('starts what fits, in order, and the next when something ends', async () => {
    const { result, end, names, started } = trial({ a: one(4), b: one(4), c: one(4), d: one(1) }, one(9, 2));
    assert.equal(names(), 'ab');
    await end('a');
    assert.equal(names(), 'bc');
    await end('b');
    await end('c');
    await end('d');
    await result;
    assert.deepEqual(started, ['a', 'b', 'c', 'd']);
  });

  it('lets what fits pass what does not', async () => {
    const { end, names, result } = trial({ a: one(6), b: one(6), c: one(3), d: one(1, 2) }, one(10, 3));
    assert.equal(names(), 'ac');
    await end('a');
    assert.equal(names(), 'bc');
    await end('c');
    assert.equal(names(), 'bd');
    await end('b');
    await end('d');
    await result;
  });

  it('gives one that takes all threads the machine for itself', async () => {
    const { end, names, result } = trial({ a: one(1, 3), b: one(1), c: one(1) }, one(10, 3));
    assert.equal(names(), 'a');
    await end('a');
    assert.equal(names(), 'bc');
    await end('b');
    await end('c');
    await result;
  });

  it('runs alone what fits nothing', async () => {
    const { end, names, result } = trial({ a: one(50), b: one(1) }, one(10, 2));
    assert.equal(names(), 'a');
    await end('a');
    assert.equal(names(), 'b');
    await end('b');
    await result;
  });

  it('stops at the first failure once what is under way has ended', async () => {
    const { end, result, started } = trial({ a: one(1), b: one(1), c: one(1) }, one(10, 2));
    await end('a', new Error('no more'));
    let over = false;
    result.catch(() => (over = true));
    await settled();
    assert.equal(over, false);
    await end('b', new Error('nor this'));
    await assert.rejects(result, /no more/);
    assert.deepEqual(started, ['a', 'b']);
  });

  it('stops when cancelled', async () => {
    const cancel = new AbortController();
    const { end, result, started } = trial({ a: one(1), b: one(1) }, one(10, 1), cancel.signal);
    cancel.abort();
    await end('a');
    await assert.rejects(result, { code: 'cancelled' });
    assert.deepEqual(started, ['a']);
  });

  it('does nothing of nothing', () =>
    runWithin(
      [],
      one(1),
      () => one(1),
      () => Promise.reject(new Error('started')),
    ));
});
