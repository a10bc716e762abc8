/** Doing many things, a few at a time. */
import { throwIfCancelled } from '../errors.js';

/**
 * Calls `action` for every item, at most `parallel` at once, started in order. The first failure ends it: the signal
 * that the others have got fires, and it is thrown once they have ended too.
 */
export async function ordered<T>(
  items: readonly T[],
  parallel: number,
  action: (item: T, index: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = 0;
  let failure: { error: unknown } | undefined;
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const lane = async () => {
    while (next < items.length && failure === undefined) {
      throwIfCancelled(signal);
      const index = next++;
      try {
        await action(items[index]!, index, stopped);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(parallel, items.length) }, lane));
  if (failure) throw failure.error;
  for (const end of lanes) if (end.status === 'rejected') throw end.reason;
}
