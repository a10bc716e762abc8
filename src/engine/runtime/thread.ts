/**
 * A worker thread and the one protocol that is spoken with it: a job goes in by its kind, messages and one value or
 * error come out. `session.run` blocks the thread it is called on; here the engine's own thread stays free for cancel,
 * progress and the journal.
 */
import { isMainThread, parentPort, type ResourceLimits, Worker } from 'node:worker_threads';
import { FrankensteinError } from '../errors.js';
import { MODEL_HEAP, threadError } from './bounded.js';

/** How long a thread has to stop by itself after a cancel. Milliseconds; the engine's own grace is longer. */
const CANCEL_GRACE = 700;

type Order = { kind: string; job: unknown } | 'cancel';
type Reply =
  { message: unknown } | { value: unknown } | { error: { name: string; message: string; code: string | undefined } };

export interface JobCalls<Message> {
  /** Gets what the job sends; awaited message by message, in order. */
  receive?: ((message: Message) => Promise<void> | void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Does one job at a time, and keeps this process alive only while it does. */
export class Thread {
  private readonly worker: Worker;
  private exited = false;

  /**
   * @param workerFile the bundled worker, which calls `serveJobs`.
   * @param heap of the thread, where it reads a checkpoint's text files.
   */
  constructor(
    workerFile: string,
    private readonly heap?: ResourceLimits,
  ) {
    this.worker = new Worker(workerFile, heap && { resourceLimits: heap });
    this.worker.once('exit', () => (this.exited = true));
    // Whoever waits for a job hears of it; between jobs there is nobody to tell.
    this.worker.on('error', () => undefined);
    this.worker.unref();
  }

  /** Whether it has ended: it does no more jobs. */
  get ended(): boolean {
    return this.exited;
  }

  /**
   * @param kind names the handler in the worker.
   * @throws `cancelled`, and what the job throws.
   */
  async run<Value, Message = never>(
    kind: string,
    job: unknown,
    { receive, signal }: JobCalls<Message> = {},
  ): Promise<Value> {
    const { worker } = this;
    let overdue: NodeJS.Timeout | undefined;
    const onAbort = () => {
      this.post('cancel');
      overdue = setTimeout(() => void this.close(), CANCEL_GRACE);
    };
    let handled = Promise.resolve();
    let stopListening: (() => void) | undefined;
    worker.ref();
    try {
      return await new Promise<Value>((resolve, reject) => {
        const onReply = (reply: Reply) => {
          handled = handled.then(async () => {
            if ('message' in reply) await receive?.(reply.message as Message);
            else if ('value' in reply) resolve(reply.value as Value);
            else
              reject(Object.assign(new Error(reply.error.message), { name: reply.error.name, code: reply.error.code }));
          });
          handled.catch(reject);
        };
        const onError = (error: Error) => reject(this.heap ? threadError(error) : error);
        const lost = (code: number) => new FrankensteinError('internal', `A worker thread ended with code ${code}.`);
        // What it said before it ended counts.
        const onExit = (code: number) => void handled.then(() => reject(lost(code)), reject);
        worker.on('message', onReply).on('error', onError).on('exit', onExit);
        stopListening = () => worker.off('message', onReply).off('error', onError).off('exit', onExit);
        this.post({ kind, job });
        if (signal?.aborted) onAbort();
        else signal?.addEventListener('abort', onAbort, { once: true });
      });
    } catch (error) {
      if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(overdue);
      stopListening?.();
      worker.unref();
    }
  }

  private post(order: Order): void {
    this.worker.postMessage(order);
  }

  /** Ends the thread, also in the middle of a job. */
  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

/**
 * Runs one job over a model in a thread of its own, which ends with it.
 * @throws `cancelled`, and what the job throws.
 */
export async function runInThread<Message>(
  workerFile: string,
  kind: string,
  job: object,
  receive: (message: Message) => Promise<void> | void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const thread = new Thread(workerFile, MODEL_HEAP);
  try {
    await thread.run<void, Message>(kind, job, { receive, signal });
  } finally {
    await thread.close();
  }
}

/** Does a job in a worker; what it sends reaches `receive`. */
export type JobHandler = (job: never, send: (message: unknown) => void, signal: AbortSignal) => unknown;

/**
 * In a worker: does the jobs it is given, one at a time.
 * @param handlers by kind; the module of a handler is loaded with its first job.
 */
export function serveJobs(handlers: Readonly<Record<string, () => Promise<JobHandler>>>): void {
  if (isMainThread || parentPort === null) throw new Error('serveJobs runs in a worker thread');
  const port = parentPort;
  const reply = (one: Reply) => port.postMessage(one);
  let cancel = new AbortController();
  port.on('message', (order: Order) => {
    if (order === 'cancel') return cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    doJob(handlers[order.kind], order, (message) => reply({ message }), signal).then(
      (value) => reply({ value }),
      (error: unknown) => {
        const { name, message, code } = error as NodeJS.ErrnoException;
        reply({ error: { name, message, code } });
      },
    );
  });
}

async function doJob(
  load: (() => Promise<JobHandler>) | undefined,
  { kind, job }: { kind: string; job: unknown },
  send: (message: unknown) => void,
  signal: AbortSignal,
): Promise<unknown> {
  if (load === undefined) throw new Error(`no handler for a job of kind ${kind}`);
  return (await load())(job as never, send, signal);
}
