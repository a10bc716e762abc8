/** Whether files still are what they were when they were opened, looked at while they are read. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { checkUnchanged } from '../checkpoint/fingerprint.js';
import { FrankensteinError } from '../errors.js';

/** Milliseconds between looks. */
const CHECK_INTERVAL = 250;

export interface Watch {
  /** Throws `changed` when a file did; looks no more often than it makes sense. */
  look(): Promise<void>;
  /** The better sentence for a failure: what happened to the files, where something did. */
  explain(error: unknown): Promise<unknown>;
}

export function watchFiles(checkpoints: readonly Checkpoint[]): Watch {
  let lookedAt = performance.now();
  const lookNow = async () => {
    lookedAt = performance.now();
    for (const checkpoint of checkpoints) await checkUnchanged(checkpoint);
  };
  return {
    look: async () => {
      if (performance.now() - lookedAt > CHECK_INTERVAL) await lookNow();
    },
    // A file cut short while it is read fails in many ways.
    explain: (error) =>
      error instanceof FrankensteinError
        ? Promise.resolve(error)
        : lookNow().then(
            () => error,
            (change: unknown) => change,
          ),
  };
}
