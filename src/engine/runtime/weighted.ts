/**
 * Schedules jobs that need memory and several threads at once: it decides which job starts next, and nothing else.
 */
import { throwIfCancelled } from '../errors.js';

/** What a job takes while it runs, and what there is. */
export interface Need {
  /** Bytes. */
  memory: number;
  threads: number;
}

/**
 * Runs all items within `limits`: always the first in order that fits what is free. One that fits nothing runs alone.
 * `run` gets the number of its worker, below `limits.threads`, which no other item uses meanwhile. The first failure
 * stops the rest once what is under way has ended; so does the signal.
 */
export async function runWithin<Item>(
  items: readonly Item[],
  limits: Need,
  needOf: (item: Item) => Need,
  run: (item: Item, worker: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = [...items];
  const free = { ...limits };
  const workers = Array.from({ length: limits.threads }, (_, worker) => worker).reverse();
  const running = new Set<Promise<void>>();
  let failure: { reason: unknown } | undefined;

  const start = (item: Item) => {
    const need = needOf(item);
    const worker = workers.pop()!;
    free.memory -= need.memory;
    free.threads -= need.threads;
    const job: Promise<void> = run(item, worker)
      .catch((reason: unknown) => void (failure ??= { reason }))
      .finally(() => {
        free.memory += need.memory;
        free.threads += need.threads;
        workers.push(worker);
        running.delete(job);
      });
    running.add(job);
  };
  const next = () => {
    if (running.size === 0) return waiting.shift();
    const index =
      workers.length === 0
        ? -1
        : waiting.findIndex((item) => {
            const need = needOf(item);
            return need.memory <= free.memory && need.threads <= free.threads;
          });
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };

  while (waiting.length > 0 || running.size > 0) {
    if (failure === undefined && signal?.aborted !== true)
      for (let item = next(); item !== undefined; item = next()) start(item);
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failure !== undefined) throw failure.reason;
  throwIfCancelled(signal);
}
