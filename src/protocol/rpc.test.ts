import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { connect, RemoteError, type CallOptions, type Transport } from './rpc.js';

interface Service {
  double(request: { value: number }, context?: CallOptions<number>): Promise<number>;
  fail(request: { code: string }): Promise<never>;
  count(request: { to: number }, context?: CallOptions<number>): Promise<number>;
  untilCancelled(request: object, context?: CallOptions<number>): Promise<string>;
  bytes(request: { bytes: ArrayBuffer }): Promise<ArrayBuffer>;
}

const service: Service = {
  double: ({ value }) => Promise.resolve(2 * value),
  fail: ({ code }) => Promise.reject(Object.assign(new TypeError('It does not fit.'), { code })),
  async count({ to }, context) {
    for (let i = 1; i <= to; i++) context?.progress?.(i);
    return Promise.resolve(to);
  },
  untilCancelled: (_, context) =>
    new Promise((_resolve, reject) => {
      context?.signal?.addEventListener('abort', () =>
        reject(Object.assign(new Error('Cancelled.'), { code: 'cancelled' })),
      );
    }),
  bytes: ({ bytes }) => Promise.resolve(new Uint8Array(bytes).map((byte) => byte + 1).buffer),
};

/** Two ends. What is sent while the other end has no listener is lost, as it is with a webview that is not there. */
function pair(): [Transport, Transport] {
  const listeners: [((message: unknown) => void)?, ((message: unknown) => void)?] = [];
  const end = (own: 0 | 1): Transport => ({
    send: (message) => {
      const listener = listeners[1 - own];
      const copy = structuredClone(message);
      queueMicrotask(() => listener?.(copy));
    },
    receive: (listener) => void (listeners[own] = listener),
  });
  return [end(0), end(1)];
}

describe('rpc', () => {
  for (const first of ['the caller', 'the server']) {
    it(`shakes hands when ${first} comes first, and a call made before waits`, async () => {
      const [here, there] = pair();
      const call = () => connect<object, Service>(here, {});
      const serve = () => connect<Service, object>(there, service);
      let remote;
      if (first === 'the caller') {
        remote = call().remote;
        await sleep(5);
        serve();
      } else {
        serve();
        await sleep(5);
        remote = call().remote;
      }
      assert.equal(await remote.double({ value: 21 }), 42);
    });
  }

  it('calls both ways over one channel', async () => {
    const [here, there] = pair();
    const a = connect<Service, Service>(here, service);
    const b = connect<Service, Service>(there, service);
    assert.deepEqual(await Promise.all([a.remote.double({ value: 1 }), b.remote.double({ value: 2 })]), [2, 4]);
  });

  it('keeps name, message and code of an error', async () => {
    const [here, there] = pair();
    const { remote } = connect<object, Service>(here, {});
    connect<Service, object>(there, service);
    await assert.rejects(remote.fail({ code: 'malformed' }), (error: unknown) => {
      assert.ok(error instanceof RemoteError);
      assert.deepEqual([error.name, error.message, error.code], ['TypeError', 'It does not fit.', 'malformed']);
      return true;
    });
  });

  it('serves the methods of the interface and nothing that every object has', async () => {
    const [here, there] = pair();
    const { remote } = connect<object, Record<string, (request: object) => Promise<unknown>>>(here, {});
    connect<Service, object>(there, service);
    for (const name of ['nothing', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      await assert.rejects(remote[name]!({}), new RegExp(`no method "${name}"`));
    }
  });

  it('reports progress in order, before the answer', async () => {
    const [here, there] = pair();
    const { remote } = connect<object, Service>(here, {});
    connect<Service, object>(there, service);
    const seen: number[] = [];
    assert.equal(await remote.count({ to: 4 }, { progress: (value) => seen.push(value) }), 4);
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  it('cancels, also when the signal had fired before the call', async () => {
    const [here, there] = pair();
    const { remote } = connect<object, Service>(here, {});
    connect<Service, object>(there, service);
    const later = new AbortController();
    setTimeout(() => later.abort(), 5);
    await assert.rejects(remote.untilCancelled({}, { signal: later.signal }), { code: 'cancelled' });
    await assert.rejects(remote.untilCancelled({}, { signal: AbortSignal.abort() }), { code: 'cancelled' });
  });

  it('carries ArrayBuffers', async () => {
    const [here, there] = pair();
    const { remote } = connect<object, Service>(here, {});
    connect<Service, object>(there, service);
    assert.deepEqual([...new Uint8Array(await remote.bytes({ bytes: new Uint8Array([1, 2]).buffer }))], [2, 3]);
  });

  it('rejects calls under way and later ones once closed', async () => {
    const [here, there] = pair();
    const connection = connect<object, Service>(here, {});
    connect<Service, object>(there, service);
    await connection.ready;
    const underWay = connection.remote.untilCancelled({});
    connection.close(new Error('The panel is closed.'));
    await assert.rejects(underWay, /panel is closed/);
    await assert.rejects(connection.remote.double({ value: 1 }), /panel is closed/);
  });

  it('a close before the handshake rejects the calls that wait for it', async () => {
    const [here] = pair();
    const connection = connect<object, Service>(here, {});
    const waiting = connection.remote.double({ value: 1 });
    connection.close(new Error('Gone.'));
    await assert.rejects(waiting, /Gone/);
  });

  it('takes a second greeting for a new other side: old calls end, old answers are not sent to it', async () => {
    const [here, there] = pair();
    let answerLate!: (value: number) => void;
    const signals: (AbortSignal | undefined)[] = [];
    const server = connect<{ slow(request: object, context?: CallOptions<never>): Promise<number> }, Service>(here, {
      slow: (_, context) => {
        signals.push(context?.signal);
        return new Promise((resolve) => (answerLate = resolve));
      },
    });
    const first = connect<Service, { slow(request: object): Promise<number> }>(there, service);
    void first.remote.slow({}).catch(() => undefined);
    const toFirst = server.remote.untilCancelled({});
    const ended = assert.rejects(toFirst, { code: 'cancelled' });
    await sleep(5);
    const answerFirst = answerLate;

    const second = connect<Service, { slow(request: object): Promise<number> }>(there, service);
    const answer = second.remote.slow({}); // its id is 1 too
    await sleep(5);
    await ended;
    assert.equal(signals[0]?.aborted, true);
    answerFirst(1);
    await sleep(5);
    answerLate(2);
    assert.equal(await answer, 2);
    assert.equal(await server.remote.double({ value: 4 }), 8);
  });

  it('ignores what is not its own', async () => {
    const [here, there] = pair();
    const { remote } = connect<object, Service>(here, {});
    connect<Service, object>(there, service);
    for (const noise of [null, 7, 'x', {}, { rpc: 'result', id: 99 }, { rpc: 'unheard-of' }]) there.send(noise);
    assert.equal(await remote.double({ value: 3 }), 6);
  });
});
