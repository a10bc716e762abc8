/**
 * An engine process that answers with what a test asks of it, by a word in its environment. Bundled: it is a process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompareRequest, Progress } from '../../../src/protocol/engineApi.js';
import { connect, type CallOptions } from '../../../src/protocol/rpc.js';

export const ROLE = 'FRANKENSTEIN_TEST_ENGINE';

if (process.env[ROLE] !== undefined) serve(process.env[ROLE]);

/** Answers with what the method's name promises. */
function serve(role: string): void {
  if (role === 'broken') throw new Error('the library is not there');
  process.on('disconnect', () => process.exit(0));
  const progress = (doneBytes: number): Progress => ({
    phase: 'Comparing',
    doneBytes,
    totalBytes: 9,
    remainingSeconds: null,
    tensor: null,
  });
  connect(
    {
      send: (message) => void (process.connected && process.send?.(message)),
      receive: (listener) => void process.on('message', listener),
    },
    {
      listRuns: () => Promise.resolve(process.pid),
      inspect: () => process.abort(),
      readCompare: () =>
        Promise.reject(
          Object.assign(new Error('The run has no finished result.'), { code: 'not-found', name: 'FrankensteinError' }),
        ),
      async compare(_: CompareRequest, context: CallOptions<Progress>) {
        for (let i = 1; ; i++) {
          context.progress?.(progress(i));
          await sleep(5);
          if (context.signal?.aborted) throw Object.assign(new Error('Cancelled.'), { code: 'cancelled' });
        }
      },
      tensorDetail() {
        for (;;); // native code that hears nothing
      },
    },
  );
}
