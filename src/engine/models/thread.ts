/**
 * The thread that answers questions. `session.run` blocks the thread it is called on; here the engine's own thread stays
 * free for cancel and progress. The thread keeps models open between questions, and goes when it has been idle.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { CallContext } from '../calls.js';
import type { GenerateProgress, GenerateRequest, GenerateResult } from './request.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { MODEL_HEAP, threadError } from '../runtime/bounded.js';

/** How long the thread has to stop by itself after a cancel. Milliseconds; the engine's own grace is longer. */
const CANCEL_GRACE = 700;
/** Models that nobody has asked for this long are let go. Milliseconds. */
const IDLE_AFTER = 2 * 60_000;

const KIND = 'answers';

type Order = { ask: GenerateRequest } | { cancel: true };
type Reply =
  | { progress: GenerateProgress }
  | { result: GenerateResult }
  | { error: { name: string; message: string; code: string | undefined } };

/** One question at a time. */
export class AnswerThread {
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;

  /** @param workerFile the bundled worker, which calls `serveAnswers`. */
  constructor(private readonly workerFile: string) {}

  /** @throws `cancelled`, and what `answer` throws. */
  async ask(
    request: GenerateRequest,
    { signal, progress }: CallContext<GenerateProgress> = {},
  ): Promise<GenerateResult> {
    throwIfCancelled(signal);
    clearTimeout(this.idle);
    const worker = (this.worker ??= this.start());
    worker.ref();
    let settle: ((reply: Reply) => void) | undefined;
    let lose: ((error: Error) => void) | undefined;
    const onExit = (code: number) =>
      lose?.(new FrankensteinError('internal', `The model's thread ended with code ${code}.`));
    let overdue: NodeJS.Timeout | undefined;
    const onAbort = () => {
      worker.postMessage({ cancel: true } satisfies Order);
      overdue = setTimeout(() => void this.release(), CANCEL_GRACE);
    };
    try {
      return await new Promise<GenerateResult>((resolve, reject) => {
        settle = (reply) => {
          if ('progress' in reply) progress?.(reply.progress);
          else if ('result' in reply) resolve(reply.result);
          else
            reject(Object.assign(new Error(reply.error.message), { name: reply.error.name, code: reply.error.code }));
        };
        lose = (error) => reject(threadError(error));
        worker.on('message', settle).on('error', lose).on('exit', onExit);
        worker.postMessage({ ask: request } satisfies Order);
        if (signal?.aborted) onAbort();
        else signal?.addEventListener('abort', onAbort, { once: true });
      });
    } catch (error) {
      if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(overdue);
      worker.off('message', settle!).off('error', lose!).off('exit', onExit).unref();
      this.idle = setTimeout(() => void this.release(), IDLE_AFTER).unref();
    }
  }

  private start(): Worker {
    const worker = new Worker(this.workerFile, { workerData: { kind: KIND }, resourceLimits: MODEL_HEAP });
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = undefined;
    });
    // Whoever asks hears of it; between questions the next one starts a new thread.
    worker.on('error', () => undefined);
    worker.unref();
    return worker;
  }

  /** Lets go of the models and their memory. */
  async release(): Promise<void> {
    clearTimeout(this.idle);
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }
}

/** In a worker: answers until it is ended, if it was started for that. False when it was not. */
export function serveAnswers(): boolean {
  if (isMainThread || parentPort === null || (workerData as { kind?: string } | null)?.kind !== KIND) return false;
  const port = parentPort;
  const ready = Promise.all([import('./answer.js'), import('./openModels.js')]).then(([{ answer }, { OpenModels }]) => {
    const models = new OpenModels();
    return (request: GenerateRequest, context: CallContext<GenerateProgress>) => answer(request, models, context);
  });
  let cancel = new AbortController();
  const send = (reply: Reply) => port.postMessage(reply);
  port.on('message', (order: Order) => {
    if ('cancel' in order) return cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    ready
      .then((ask) => ask(order.ask, { signal, progress: (progress) => send({ progress }) }))
      .then(
        (result) => send({ result }),
        (error: unknown) => {
          const { name, message, code } = error as NodeJS.ErrnoException;
          send({ error: { name, message, code } });
        },
      );
  });
  return true;
}
