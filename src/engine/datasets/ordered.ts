/** Doing many things, a few at a time. */
import { throwIfCancelled } from '../errors.js';

/** Calls `action` for every item, at most `parallel` at once, started in order. The first failure ends it. */
export async function ordered<T>(
  items: readonly T[],
  parallel: number,
  action: (item: T, index: number) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < items.length && !failed) {
      throwIfCancelled(signal);
      const index = next++;
      try {
        await action(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, lane));
}
