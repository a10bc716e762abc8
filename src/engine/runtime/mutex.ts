/** A mutex for work that may fill the memory budget: one such job runs at a time. */
import { FrankensteinError } from '../errors.js';

export class Mutex {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** Whether something is under way. */
  get busy(): boolean {
    return this.waiting > 0;
  }

  /** Does `work` when all before have ended. @throws `cancelled` while it waits, and what `work` throws. */
  take<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.last;
    this.waiting++;
    const turn = Promise.race([before, cancelled(signal)])
      .then(work)
      .finally(() => this.waiting--);
    // One that is cancelled while it waits ends early; those behind it still wait for all before.
    this.last = Promise.allSettled([before, turn]);
    return turn;
  }
}

function cancelled(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new FrankensteinError('cancelled', 'Cancelled.'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}
