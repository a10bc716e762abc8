/**
 * Worker threads that each do one job at a time. `session.run` blocks the thread it is called on, so the graphs run
 * here and the engine's own thread stays free for cancel and progress.
 */
import { Worker } from 'node:worker_threads';
import { FrankensteinError, throwIfCancelled } from '../errors.js';

export class WorkerPool<Job, Result> {
  private constructor(private readonly workers: readonly Worker[]) {}

  /** `file` is the bundled worker. */
  static start<Job, Result>(file: string, threads: number): WorkerPool<Job, Result> {
    return new WorkerPool(Array.from({ length: threads }, () => new Worker(file)));
  }

  /**
   * Does the job of every item, in order of start. `done` is awaited before its worker takes the next item, so results
   * cannot pile up. The first failure stops the rest; so does the signal, once the jobs under way have ended.
   */
  async run<Item>(
    items: Iterable<Item>,
    jobOf: (item: Item) => Job,
    done: (item: Item, result: Result) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const queue = items[Symbol.iterator]();
    let failed = false;
    const drive = async (worker: Worker) => {
      while (!failed) {
        throwIfCancelled(signal);
        const next = queue.next();
        if (next.done) return;
        try {
          await done(next.value, await this.runOne(worker, jobOf(next.value)));
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    const outcomes = await Promise.allSettled(this.workers.map(drive));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
  }

  /**
   * One job on the worker of this number, which must have none: for callers with a schedule of their own. `progress` gets
   * the share of it that is done, 0…1, as often as the job says so.
   */
  runOn(worker: number, job: Job, progress?: (share: number) => void): Promise<Result> {
    return this.runOne(this.workers[worker]!, job, progress);
  }

  private runOne(worker: Worker, job: Job, progress?: (share: number) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        action();
      };
      const onMessage = ({ value, error, progress: share }: WorkerReply<Result>) => {
        if (share !== undefined) progress?.(share);
        else
          settle(() =>
            error
              ? reject(Object.assign(new Error(error.message), { name: error.name, code: error.code }))
              : resolve(value as Result),
          );
      };
      const onError = (error: Error) => settle(() => reject(error));
      const onExit = (code: number) =>
        settle(() => reject(new FrankensteinError('internal', `A worker thread ended with code ${code}.`)));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

export interface WorkerReply<R> {
  value?: R;
  error?: { name: string; message: string; code: string | undefined };
  /** Share of the job that is done, 0…1; the job goes on. */
  progress?: number;
}
