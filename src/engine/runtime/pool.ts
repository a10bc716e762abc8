/** Threads that share the jobs of one kind. */
import { throwIfCancelled } from '../errors.js';
import { Thread } from './thread.js';

export class ThreadPool<Job, Result> {
  private constructor(
    private readonly threads: readonly Thread[],
    private readonly kind: string,
  ) {}

  /** @param kind names the handler in the worker. */
  static start<Job, Result>(workerFile: string, kind: string, threads: number): ThreadPool<Job, Result> {
    return new ThreadPool(
      Array.from({ length: threads }, () => new Thread(workerFile)),
      kind,
    );
  }

  /**
   * Does the job of every item, in order of start. `done` is awaited before its thread gets the next item, so results
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
    const drive = async (thread: Thread) => {
      while (!failed) {
        throwIfCancelled(signal);
        const next = queue.next();
        if (next.done) return;
        try {
          await done(next.value, await thread.run<Result>(this.kind, jobOf(next.value)));
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    const outcomes = await Promise.allSettled(this.threads.map(drive));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
  }

  /**
   * One job on the thread of this number, which must have none: for callers with a schedule of their own. `progress`
   * gets the fraction of the job that is done, 0…1, as often as the job says so.
   */
  runOn(thread: number, job: Job, progress?: (fraction: number) => void): Promise<Result> {
    return this.threads[thread]!.run<Result, number>(this.kind, job, { receive: progress });
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}
