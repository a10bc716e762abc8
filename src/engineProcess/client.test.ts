/** The engine process's client against a process that `fakeEngine.ts` serves. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'vitest';
import { createEngineClient, type EngineClient, type EngineClientOptions } from './client.js';
import type { CompareRequest, Progress } from '../protocol/engineApi.js';
import { ROLE } from '../../test/unit/host/fakeEngine.js';

describe('engine process client', () => {
  let client: EngineClient;
  const log: string[] = [];
  const create = (options: Partial<EngineClientOptions> = {}) =>
    (client = createEngineClient({
      entry: path.resolve('dist-test/unit/host/fakeEngine.cjs'),
      env: { [ROLE]: 'engine' },
      log: { info: (text) => log.push(text), error: (text) => log.push(text) },
      cancelGrace: 150,
      ...options,
    }));
  const pidOf = async () => (await client.engine.listRuns({ runsFolder: '/' })) as unknown as number;
  const request: CompareRequest = { stages: [{ path: '/a' }, { path: '/b' }] };
  afterEach(() => {
    client.dispose();
    log.length = 0;
  });

  it('starts on the first call, and once', async () => {
    create();
    assert.equal(client.pid, undefined);
    const pids = await Promise.all([pidOf(), pidOf()]);
    assert.deepEqual(pids, [client.pid, client.pid]);
    assert.notEqual(client.pid, process.pid);
  });

  it('keeps code and message of an error', async () => {
    create();
    await assert.rejects(client.engine.readCompare({ runsFolder: '/', runId: 'x' }), {
      code: 'not-found',
      message: 'The run has no finished result.',
    });
  });

  it('a crash ends the calls under way with a sentence, and the next call starts anew', async () => {
    create();
    const before = await pidOf();
    const underWay = assert.rejects(client.engine.compare(request), { code: 'engine-lost' });
    await assert.rejects(client.engine.inspect({ path: '/' }), {
      code: 'engine-lost',
      message: /ended unexpectedly \(signal SIGABRT\).*continues where it was/,
    });
    await underWay;
    assert.notEqual(await pidOf(), before);
  });

  it('says why a process could not start', async () => {
    create({ env: { [ROLE]: 'broken' } });
    await assert.rejects(pidOf(), { code: 'engine-lost', message: /could not start \(the library is not there\)/ });
    assert.ok(
      log.some((line) => line.includes('the library is not there')),
      'the log has it too',
    );
  });

  it('cancels a call that listens, with the process left alone', async () => {
    create({ cancelGrace: 3000 });
    const before = await pidOf();
    const cancel = new AbortController();
    const seen: Progress[] = [];
    const call = client.engine.compare(request, {
      signal: cancel.signal,
      progress: (value) => {
        seen.push(value);
        if (seen.length === 3) cancel.abort();
      },
    });
    await assert.rejects(call, { code: 'cancelled' });
    assert.equal(seen[2]!.doneBytes, 3);
    await sleep(3200); // past the grace
    assert.equal(await pidOf(), before);
  });

  it('ends the process of a cancelled call that does not listen', async () => {
    create();
    const before = await pidOf();
    const cancel = new AbortController();
    const other = assert.rejects(client.engine.compare(request), {
      code: 'engine-lost',
      message: /restarted because a cancelled call did not stop/,
    });
    const call = client.engine.tensorDetail({ stages: request.stages, name: 'w', from: 0 }, { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 20);
    await assert.rejects(call, { code: 'cancelled' });
    await other;
    assert.notEqual(await pidOf(), before);
  });

  it('does not start for a call that is cancelled already', async () => {
    create();
    await assert.rejects(client.engine.compare(request, { signal: AbortSignal.abort() }), { code: 'cancelled' });
    assert.equal(client.pid, undefined);
  });

  it('lets an idle process go, and no busy one', async () => {
    create({ idleAfter: 60 });
    const cancel = new AbortController();
    const busy = assert.rejects(client.engine.compare(request, { signal: cancel.signal }), { code: 'cancelled' });
    await sleep(150);
    assert.notEqual(client.pid, undefined);
    cancel.abort();
    await busy;
    const pid = client.pid!;
    while (client.pid !== undefined) await sleep(20);
    while (isAlive(pid)) await sleep(20);
  });

  it('after dispose, calls are rejected and nothing runs', async () => {
    create();
    const pid = await pidOf();
    const underWay = assert.rejects(client.engine.compare(request), { code: 'cancelled' });
    client.dispose();
    await underWay;
    await assert.rejects(pidOf(), { code: 'cancelled' });
    while (isAlive(pid)) await sleep(20);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
