/**
 * The thread that runs the model. `session.run` blocks the thread it is called on; here the engine's own thread stays
 * free for cancel, progress and the journal.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FrankensteinError } from '../errors.js';
import { compute } from './compute.js';
import type { ProbeJob, WorkerMessage } from './job.js';

/** How long the thread has to stop by itself after a cancel. Milliseconds; the engine's own grace is longer. */
const CANCEL_GRACE = 1200;

/**
 * Runs the job in a thread of its own. `receive` is awaited message by message, in order.
 * @param workerFile the bundled worker, which calls `serveProbeJob`.
 * @throws `cancelled`, and what the job threw.
 */
export async function runProbeJob(workerFile: string, job: ProbeJob, receive: (message: WorkerMessage) => Promise<void> | void, signal: AbortSignal | undefined): Promise<void> {
  const worker = new Worker(workerFile, { workerData: { probeJob: job } });
  let handled = Promise.resolve();
  let overdue: NodeJS.Timeout | undefined;
  const onAbort = () => {
    worker.postMessage('cancel');
    overdue = setTimeout(() => void worker.terminate(), CANCEL_GRACE);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        handled = handled.then(async () => {
          if (message.type === 'done') resolve();
          else if (message.type === 'error') reject(Object.assign(new Error(message.error.message), { name: message.error.name, code: message.error.code }));
          else await receive(message);
        });
        handled.catch(reject);
      });
      worker.on('error', reject);
      worker.on('exit', (code) => void handled.then(() => reject(new FrankensteinError('internal', `The model's thread ended with code ${code}.`)), reject));
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

/** In a worker: does the job it was started with, if that is a probe's. False when it is not. */
export function serveProbeJob(): boolean {
  const job = (workerData as { probeJob?: ProbeJob } | null)?.probeJob;
  if (isMainThread || parentPort === null || job === undefined) return false;
  const port = parentPort;
  const cancel = new AbortController();
  port.on('message', () => cancel.abort());
  const send = (message: WorkerMessage) => port.postMessage(message);
  compute(job, send, cancel.signal).then(
    () => send({ type: 'done' }),
    (error: unknown) => {
      const { name, message, code } = error as NodeJS.ErrnoException;
      send({ type: 'error', error: { name, message, code } });
    },
  );
  return true;
}
