/**
 * Errors a user can act on. The panel, the CLI and the log show the same `message`, so it is a full sentence that
 * says what is wrong, where, and (where there is one) the way out.
 */

/** What went wrong, stable across versions: the CLI's JSON errors and the tests name these. */
export type ErrorCode =
  /** A path that does not exist, or holds no checkpoint. */
  | 'not-found'
  /** An adapter whose base is not where its config says; the request can name it. */
  | 'no-base'
  /** The operating system refused to read or write. */
  | 'permission'
  /** A file that is not what its format says: truncated, bad header, bad offsets, bad JSON. */
  | 'malformed'
  /** A line of a data set, or the image it names, that cannot be used; the others may be. */
  | 'bad-line'
  /** A format that is recognised but not read here (pickle, FSDP, GGUF …); the message says what converts it. */
  | 'unsupported'
  /** Checkpoints that cannot be compared (two families). */
  | 'mismatch'
  /** A file changed while it was being read. */
  | 'changed'
  /** The disk is full. */
  | 'disk-full'
  /** The request itself is wrong (unknown option, cuts outside the model, budget too small). */
  | 'bad-request'
  /** Weights that should have stayed frozen moved, or are missing. */
  | 'not-frozen'
  /** Another process does this already, in the same folder. */
  | 'in-use'
  /** A language model that the user chose does not answer. */
  | 'unavailable'
  /** The user cancelled. */
  | 'cancelled'
  /** The engine process ended unexpectedly. */
  | 'engine-lost'
  /** A defect of ours. */
  | 'internal';

/** An error with a sentence for the user and a code for programs. Survives the process boundary (`protocol/rpc`). */
export class FrankensteinError extends Error {
  override readonly name = 'FrankensteinError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Why the system did not let a file be written, where it is one of the usual reasons. */
export function writeFailure(error: unknown): 'disk-full' | 'permission' | undefined {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'disk-full';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'permission';
    default:
      return undefined;
  }
}

/** Throws `cancelled` when the signal has fired; call it between units of work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.');
}
