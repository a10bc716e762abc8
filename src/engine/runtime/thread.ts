/**
 * A thread for one long job. `session.run` blocks the thread it is called on; here the engine's own thread stays free for
 * cancel, progress and the journal.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FrankensteinError } from '../errors.js';
import { MODEL_HEAP, threadError } from './bounded.js';

/** How long the thread has to stop by itself after a cancel. Milliseconds; the engine's own grace is longer. */
const CANCEL_GRACE = 700;

/** Does a job in the thread it was started in, and sends what it has to say. */
export type JobHandler = (job: never, send: (message: unknown) => void, signal: AbortSignal) => Promise<void>;

interface Envelope {
  kind: string;
  job: unknown;
}

type Reply =
  { message: unknown } | { done: true } | { error: { name: string; message: string; code: string | undefined } };

/**
 * Runs the job in a thread of its own. `receive` is awaited message by message, in order.
 * @param workerFile the bundled worker, which calls `serveJob`.
 * @param kind names the handler there.
 * @throws `cancelled`, and what the job threw.
 */
export async function runInThread<Message>(
  workerFile: string,
  kind: string,
  job: object,
  receive: (message: Message) => Promise<void> | void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const worker = new Worker(workerFile, {
    workerData: { kind, job } satisfies Envelope,
    resourceLimits: MODEL_HEAP,
  });
  let handled = Promise.resolve();
  let overdue: NodeJS.Timeout | undefined;
  const onAbort = () => {
    worker.postMessage('cancel');
    overdue = setTimeout(() => void worker.terminate(), CANCEL_GRACE);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (reply: Reply) => {
        handled = handled.then(async () => {
          if ('done' in reply) resolve();
          else if ('error' in reply)
            reject(Object.assign(new Error(reply.error.message), { name: reply.error.name, code: reply.error.code }));
          else await receive(reply.message as Message);
        });
        handled.catch(reject);
      });
      worker.on('error', (error) => reject(threadError(error)));
      worker.on(
        'exit',
        (code) =>
          void handled.then(
            () => reject(new FrankensteinError('internal', `The model's thread ended with code ${code}.`)),
            reject,
          ),
      );
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  } catch (error) {
    if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    clearTimeout(overdue);
    await worker.terminate();
  }
}

/** In a worker: does the job it was started with, if there is one. False when there is none. A handler's module is loaded for it. */
export function serveJob(handlers: Readonly<Record<string, () => Promise<JobHandler>>>): boolean {
  const given = workerData as Partial<Envelope> | null;
  if (isMainThread || parentPort === null || given?.kind === undefined) return false;
  const port = parentPort;
  const load = handlers[given.kind];
  if (load === undefined) throw new Error(`no handler for a job of kind ${given.kind}`);
  const cancel = new AbortController();
  port.on('message', () => cancel.abort());
  const send = (reply: Reply) => port.postMessage(reply);
  load()
    .then((handler) => handler(given.job as never, (message) => send({ message }), cancel.signal))
    .then(
      () => send({ done: true }),
      (error: unknown) => {
        const { name, message, code } = error as NodeJS.ErrnoException;
        send({ error: { name, message, code } });
      },
    );
  return true;
}
